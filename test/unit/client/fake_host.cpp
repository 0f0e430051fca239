#include "fake_host.h"

#include "base/text.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace winrm::test {

wsman::incoming_request http_request::envelope() const
{
    auto read = wsman::read_request(body, base::limits{});
    if (auto* bad = std::get_if<wsman::rejected_request>(&read)) {
        ADD_FAILURE() << "request " << number << " is refused: " << bad->fault.text << "\n" << body;
        std::abort();
    }
    return std::move(std::get<wsman::incoming_request>(read));
}

struct fake_host::peer
{
    int number;
    std::optional<net::stream> stream;
    std::string in;
};

fake_host::fake_host(io::loop& on, handler answer, const net::tls_context* tls)
    : on_(on), answer_(std::move(answer)), tls_(tls)
{
    listen_again();
}

void fake_host::listen_again()
{
    io::unique_fd s(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    EXPECT_EQ(::setsockopt(s.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port_); // 0 at first: any
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(s.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(s.get(), 16), 0);
    EXPECT_EQ(::getsockname(s.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
    listener_ = std::make_unique<io::descriptor>(on_, s.release());
    listener_->when_readable([this] { accept(); });
}

fake_host::~fake_host() = default;

target fake_host::target() const
{
    winrm::target t;
    t.host = "127.0.0.1";
    t.port = port_;
    t.tls = tls_ != nullptr;
    return t;
}

void fake_host::write(int connection, const std::string& bytes)
{
    for (auto& p : peers_)
        if (p->number == connection && p->stream) p->stream->write(bytes);
}

void fake_host::hang_up()
{
    for (auto& p : peers_) p->stream.reset();
}

void fake_host::accept()
{
    io::unique_fd s(::accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    listener_->when_readable([this] { accept(); });
    if (!s) return;
    auto& p = *peers_.emplace_back(std::make_unique<peer>());
    p.number = ++connections_;
    std::optional<net::tls_session> tls;
    if (tls_ != nullptr) tls.emplace(*tls_, "");
    p.stream.emplace(on_, std::move(s), std::move(tls));
    p.stream->on_data([this, &p](result<base::bytes_view> data) { arrived(p, std::move(data)); });
    p.stream->resume_reading();
}

void fake_host::arrived(peer& p, result<base::bytes_view> data)
{
    if (!data || data->empty()) {
        p.stream.reset();
        return;
    }
    p.in.append(*data);
    while (p.stream) {
        const auto head_end = p.in.find("\r\n\r\n");
        if (head_end == std::string::npos) return;
        http_request r;
        r.head = p.in.substr(0, head_end + 2);
        const auto field = base::lower(r.head).find("content-length:");
        std::size_t length = 0;
        if (field != std::string::npos) length = std::stoul(r.head.substr(field + 15));
        if (p.in.size() < head_end + 4 + length) return;
        r.body = p.in.substr(head_end + 4, length);
        p.in.erase(0, head_end + 4 + length);
        r.number = static_cast<int>(requests_.size()) + 1;
        r.connection = p.number;
        requests_.push_back(r);
        const http_reply reply = answer_(r);
        if (reply.hold || !p.stream) continue;
        p.stream->write(reply.bytes);
        if (reply.close) p.stream->shutdown();
    }
}

std::string http_answer(int status, const std::string& body, const std::string& fields)
{
    return "HTTP/1.1 " + std::to_string(status) + " x\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

std::string soap_answer(const http_request& r, const wsman::body_writer& body)
{
    const auto request = r.envelope();
    return http_answer(200,
                       wsman::write_reply({"uuid:00000000-0000-0000-0000-00000000000" + std::to_string(r.number % 10),
                                           request.header().message_id},
                                          wsman::action::response_of(request.header().action), body));
}

std::string fault_answer(const http_request& r, wsman::fault_code code)
{
    const auto request = r.envelope();
    return http_answer(500,
                       wsman::write_fault({"uuid:00000000-0000-0000-0000-000000000000", request.header().message_id},
                                          {code, {}, {}}, "fake"));
}

} // namespace winrm::test
