// A front_server on loopback, clients over real sockets, and this test as monitor and user process.
#pragma once

#include "service/front/front_server.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <functional>
#include <netinet/in.h>
#include <sys/socket.h>

namespace winrm::service::front {

/// A client that writes raw bytes and keeps what comes.
struct raw_client
{
    std::unique_ptr<net::stream> stream;
    std::string got;
    bool closed = false;

    void send(base::bytes_view text) { stream->write(text); }
    [[nodiscard]] bool has(base::bytes_view text) const { return got.find(text) != std::string::npos; }
};

/// What a user's process sees of one connection.
struct user_end
{
    std::unique_ptr<io::message_socket> socket;
    std::vector<wire::request> requests;
    std::vector<std::uint64_t> urgent; ///< numbers of answer_now
    bool closed = false;

    void reply(std::uint64_t number, std::string envelope, bool is_fault = false,
               std::string media_type = "application/soap+xml;charset=UTF-8")
    {
        const wire::reply r{number, is_fault, std::move(media_type), std::move(envelope)};
        socket->send(wire::encode_head(r), r.envelope);
    }
};

class front_fixture : public testing::Test
{
protected:
    static wire::front_setup plain_setup()
    {
        wire::front_setup s;
        s.listeners = {{"127.0.0.1:0", false}};
        s.allow_unencrypted = true;
        s.product_vendor = std::string{"OpenWinRM"};
        s.product_version = std::string{"0.1.0"};
        return s;
    }
    explicit front_fixture(wire::front_setup s = plain_setup(), std::optional<net::tls_context> tls = std::nullopt)
    {
        io::unique_fd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener.get(), 2000), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        std::vector<io::unique_fd> listeners;
        listeners.push_back(std::move(listener));
        login_desk_link desk;
        desk.ask = [this](wire::login_request&& ask) { logins.push_back(std::move(ask)); };
        desk.withdraw = [this](std::uint64_t connection) { withdrawn.push_back(connection); };
        server = std::make_unique<front_server>(loop, s, std::move(listeners), std::move(tls), log, std::move(desk));
        server->start();
    }

    /// @param source  its last number: the client's address is 127.0.0.source.
    std::unique_ptr<raw_client> connect(const net::tls_context* tls = nullptr, unsigned source = 1)
    {
        io::unique_fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + source);
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
        EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        std::optional<net::tls_session> session;
        if (tls) session.emplace(*tls, "localhost");
        auto c = std::make_unique<raw_client>();
        c->stream = std::make_unique<net::stream>(loop, std::move(socket), std::move(session));
        raw_client* raw = c.get();
        c->stream->on_data([raw](result<base::bytes_view> data) {
            if (data && !data->empty()) raw->got += *data;
            else raw->closed = true;
        });
        c->stream->resume_reading();
        return c;
    }
    bool until(const std::function<bool()>& holds)
    {
        bool late = false;
        io::timer watchdog{loop};
        watchdog.set_after(base::milliseconds{30'000}, [&] { late = true; });
        while (!late && !holds()) loop.run_one();
        return !late;
    }
    static std::string post(base::bytes_view body, base::bytes_view more = "Authorization: Basic YWRhOnB3\r\n",
                            base::bytes_view media_type = "application/soap+xml;charset=UTF-8")
    {
        return "POST /wsman HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + std::string{media_type} +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{more} + "\r\n" +
               std::string{body};
    }
    /// Answers the latest login: accepted, with a user's process at the other end.
    /// @param account  0 = one that nobody else has
    std::unique_ptr<user_end> accept(std::uint64_t account = 0)
    {
        auto [front, user] = io::make_socket_pair();
        auto u = std::make_unique<user_end>();
        u->socket = std::make_unique<io::message_socket>(loop, std::move(user), wire::max_data_frame(500), 0);
        user_end* raw = u.get();
        u->socket->start(
            [raw](io::message_socket::message m) {
                auto frame = wire::decode(std::move(m.payload));
                ASSERT_TRUE(frame);
                if (const auto* now = std::get_if<wire::answer_now>(&*frame)) return raw->urgent.push_back(now->number);
                ASSERT_TRUE(std::holds_alternative<wire::request>(*frame));
                raw->requests.push_back(std::get<wire::request>(std::move(*frame)));
            },
            [raw] { raw->closed = true; });
        std::vector<io::unique_fd> fds;
        fds.push_back(std::move(front));
        const std::uint64_t connection = logins.back().connection;
        server->login_answered(
            {connection, wire::login_verdict::accepted, account != 0 ? account : 1'000'000 + connection},
            std::move(fds));
        return u;
    }
    void answer(wire::login_verdict verdict) { server->login_answered({logins.back().connection, verdict, 0}, {}); }
    bool login_asked(std::size_t count = 1)
    {
        return until([&] { return logins.size() >= count; });
    }

    io::loop loop;
    base::null_log log;
    sockaddr_in address{};
    std::vector<wire::login_request> logins;
    std::vector<std::uint64_t> withdrawn;
    std::unique_ptr<front_server> server;
};

} // namespace winrm::service::front
