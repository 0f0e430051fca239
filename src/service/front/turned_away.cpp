#include "service/front/turned_away.h"

#include <utility>

namespace winrm::service::front {
namespace {

constexpr base::milliseconds longest_life{3000}; // handshake, request, answer and close by the client
constexpr base::bytes_view busy =
    "HTTP/1.1 503 Service Unavailable\r\nServer: OpenWinRM\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

} // namespace

struct turned_away::connection
{
    connection(io::loop& on, io::unique_fd socket, std::optional<net::tls_session> tls)
        : stream(on, std::move(socket), std::move(tls)), clock(on)
    {}
    net::stream stream;
    io::timer clock;
    bool answered = false;
};

turned_away::turned_away(io::loop& on) : loop_(on), reap_timer_(on) {}
turned_away::~turned_away() = default;

void turned_away::add(io::unique_fd socket, std::optional<net::tls_session> tls)
{
    if (all_.size() >= most) end(all_.begin()->first);
    const std::uint64_t number = next_++;
    auto c = std::make_unique<connection>(loop_, std::move(socket), std::move(tls));
    c->stream.on_data([this, number](result<base::bytes_view> data) {
        if (!data || data->empty()) end(number);
        else answer(number);
    });
    c->stream.resume_reading();
    c->clock.set_after(longest_life, [this, number] {
        answer(number);
        end(number);
    });
    all_[number] = std::move(c);
}

/// Not before the client has sent something: some take an early answer for a broken connection. What it still sends is
/// read and dropped: closing with unread bytes would reset the connection and lose the answer.
void turned_away::answer(std::uint64_t number)
{
    const auto at = all_.find(number);
    if (at == all_.end() || !at->second->stream.established() || std::exchange(at->second->answered, true)) return;
    at->second->stream.write(busy);
    at->second->stream.shutdown();
}

void turned_away::end(std::uint64_t number)
{
    const auto at = all_.find(number);
    if (at == all_.end()) return;
    at->second->clock.cancel();
    at->second->stream.pause_reading();
    ended_.push_back(std::move(at->second));
    all_.erase(at);
    if (ended_.size() == 1) reap_timer_.set(loop_.now(), [this] { ended_.clear(); });
}

void turned_away::clear()
{
    while (!all_.empty()) end(all_.begin()->first);
}

} // namespace winrm::service::front
