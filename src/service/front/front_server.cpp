#include "service/front/front_server.h"

#include "service/front/identify_text.h"
#include "service/front/peer_address.h"
#include "service/wire/source_network.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace winrm::service::front {
namespace {

constexpr int accepts_per_turn = 16;
constexpr base::milliseconds accept_pause{100};

std::shared_ptr<const http::server_options> http_options(const wire::front_setup& setup, bool tls)
{
    http::server_options o;
    o.tls = tls;
    o.policy.allow_unencrypted = setup.allow_unencrypted;
    o.offer_basic = setup.basic;
    o.token_schemes = setup.token_schemes;
    o.identify_body = identify_text(setup.product_vendor, setup.product_version);
    o.head_time = base::milliseconds{setup.head_time_ms};
    o.body_time = base::milliseconds{setup.body_time_ms};
    o.answer_time = base::milliseconds{setup.answer_time_ms};
    o.idle_time = base::milliseconds{setup.connection_idle_ms};
    return std::make_shared<const http::server_options>(std::move(o));
}

/// Unauthenticated connections of one source, or of all.
class unauthenticated_group
{
public:
    void add(front_connection& c)
    {
        kind& k = c.login_pending() ? pending_ : silent_;
        ++k.size;
        if (!k.oldest || c.unauthenticated_since() < k.oldest->unauthenticated_since()) k.oldest = &c;
    }
    [[nodiscard]] std::size_t size() const noexcept { return silent_.size + pending_.size; }
    /// The oldest of those that have sent no login or of those that wait for its answer, whichever are more.
    [[nodiscard]] front_connection& first_to_drop() const
    {
        return *(silent_.size >= pending_.size ? silent_ : pending_).oldest;
    }
    [[nodiscard]] std::uint64_t since() const
    {
        const auto of = [](const kind& k) { return k.oldest ? k.oldest->unauthenticated_since() : UINT64_MAX; };
        return std::min(of(silent_), of(pending_));
    }

private:
    struct kind
    {
        std::size_t size = 0;
        front_connection* oldest = nullptr;
    };
    kind silent_, pending_;
};

base::limits limits_of(const wire::front_setup& setup)
{
    base::limits l;
    l.envelope = std::size_t{setup.max_envelope_kb} * 1024;
    // Room for the largest token that Windows sends, 48 000 bytes in base64: a ticket with a large PAC.
    if (!setup.token_schemes.empty()) l.http_head = 65'000;
    return l;
}

} // namespace

front_server::front_server(io::loop& on, const wire::front_setup& setup, std::vector<io::unique_fd> listeners,
                           std::optional<net::tls_context> tls, base::log_sink& log, login_desk_link logins)
    : loop_(on), tls_(std::move(tls)), context_{on,
                                                log,
                                                digest_,
                                                http_options(setup, false),
                                                http_options(setup, true),
                                                limits_of(setup),
                                                wire::max_data_frame(setup.max_envelope_kb),
                                                std::move(logins.ask),
                                                std::move(logins.withdraw),
                                                [this](std::uint64_t number) { update(number); },
                                                [this](std::uint64_t number) { remove(number); }},
      max_connections_(setup.max_connections), turned_away_(on), reap_timer_(on), summary_(log), summary_clock_(on)
{
    for (std::size_t i = 0; i < listeners.size() && i < setup.listeners.size(); ++i)
        listeners_.push_back(
            std::make_unique<listening>(listening{io::descriptor{on, listeners[i].release()}, setup.listeners[i].tls,
                                                  static_cast<std::uint32_t>(i), io::timer{on}}));
}

front_server::~front_server() { summary_.report_all(loop_.now()); }

void front_server::report(base::log_level level, base::bytes_view event, const std::string& peer,
                          const std::string& reason)
{
    const base::time_point now = loop_.now();
    if (peer.empty()) summary_.write(now, level, event, peer, reason, {{"reason", reason}});
    else summary_.write(now, level, event, peer, reason, {{"peer", peer}, {"reason", reason}});
    arm_summary();
}

void front_server::arm_summary()
{
    summary_clock_.set(summary_.deadline(), [this] {
        summary_.handle_timeout(loop_.now());
        arm_summary();
    });
}

void front_server::start()
{
    for (const auto& l : listeners_) wait(*l);
}

void front_server::drain(std::function<void()> empty)
{
    listeners_.clear();
    turned_away_.clear();
    drained_ = std::move(empty);
    for (auto at = connections_.begin(); at != connections_.end();) (at++)->second->drain(); // which may remove it
    if (connections_.empty() && drained_) std::exchange(drained_, nullptr)();
}

bool front_server::busy() const
{
    return std::any_of(connections_.begin(), connections_.end(), [](const auto& c) { return c.second->busy(); });
}

void front_server::wait(listening& l)
{
    l.socket.when_readable([this, &l] { accept_some(l); });
}

void front_server::accept_some(listening& l)
{
    for (int turn = 0; turn < accepts_per_turn; ++turn) {
        io::unique_fd socket{::accept4(l.socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (socket) {
            std::string peer = peer_address(socket.get());
            if (full()) make_room(peer);
            if (!full()) add(l, std::move(socket), std::move(peer));
            else turn_away(l, std::move(socket), std::move(peer));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
        if (errno == EAGAIN) break;
        report(base::log_level::error, "accept_failed", {}, std::strerror(errno));
        return l.pause.set_after(accept_pause, [this, &l] { wait(l); });
    }
    wait(l);
}

void front_server::add(const listening& l, io::unique_fd socket, std::string peer)
{
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::optional<net::tls_session> session;
    if (l.tls) session.emplace(*tls_, std::string{});
    const std::uint64_t number = next_number_++;
    auto c = std::make_unique<front_connection>(context_, number, std::move(socket), std::move(peer),
                                                std::move(session), l.number);
    c->unauthenticated_since(next_unauthenticated_++);
    connections_[number] = std::move(c);
}

void front_server::turn_away(const listening& l, io::unique_fd socket, std::string peer)
{
    std::optional<net::tls_session> session;
    if (l.tls) session.emplace(*tls_, std::string{});
    turned_away_.add(std::move(socket), std::move(session));
    report(base::log_level::warning, "connection_refused", peer, "max_connections");
}

/// Closing connections do not count.
bool front_server::full() const
{
    if (connections_.size() < max_connections_) return false;
    const auto closing =
        std::count_if(connections_.begin(), connections_.end(), [](const auto& c) { return c.second->evicted(); });
    return connections_.size() - static_cast<std::size_t>(closing) >= max_connections_;
}

/// Fair queueing: drops an unauthenticated connection of the source that holds most, else one of the account that holds
/// most.
void front_server::make_room(const std::string& peer)
{
    if (!drop_unauthenticated(wire::source_network(peer))) drop_of_largest_account();
}

/// Drops an unauthenticated connection of the source that holds most, the newcomer counted, so that no source can keep
/// others from logging in; if none has more than one, of any source. A connection whose password is being checked
/// stays: else a flood would drop it again and again just before its login. If less than half of the connections are
/// unauthenticated, only a source that holds more than the newcomer's own loses one.
bool front_server::drop_unauthenticated(const std::string& newcomer)
{
    std::map<base::bytes_view, unauthenticated_group> sources;
    unauthenticated_group all;
    std::size_t unauthenticated = 0;
    for (const auto& [number, c] : connections_) {
        if (c->authenticated() || c->evicted()) continue;
        ++unauthenticated;
        if (c->login_running()) continue;
        sources[c->source()].add(*c);
        all.add(*c);
    }
    if (sources.empty()) return false;
    // Of sources that hold the same number, the one with the oldest connection.
    const auto weight = [&newcomer](const auto& s) {
        return std::pair{s.second.size() + (s.first == newcomer ? 1 : 0), ~s.second.since()};
    };
    const auto heaviest = std::max_element(sources.begin(), sources.end(),
                                           [&](const auto& a, const auto& b) { return weight(a) < weight(b); });
    const auto own = sources.find(newcomer);
    const std::size_t own_size = own == sources.end() ? 1 : own->second.size() + 1;
    if (unauthenticated * 2 < max_connections_ && heaviest->second.size() <= own_size) return false;
    front_connection& dropped = (weight(*heaviest).first > 1 ? heaviest->second : all).first_to_drop();
    report(base::log_level::warning, "connection_dropped", dropped.peer(), "too_many_without_login");
    dropped.drop("too_many_without_login"); // calls remove()
    return true;
}

/// Closes a connection of the account that holds most: the one that has been idle longest, else the one whose request
/// has waited longest. If no account has more than one and none is idle, the newcomer is rejected, but one connection
/// is to end with its next answer, in turn, so that a later newcomer finds a free slot.
void front_server::drop_of_largest_account()
{
    struct share
    {
        std::size_t size = 0;
        front_connection* first = nullptr;
        std::pair<front_connection::use, base::time_point> rank;
    };
    std::map<std::uint64_t, share> accounts;
    for (const auto& [number, c] : connections_) {
        if (!c->authenticated() || c->evicted()) continue;
        share& s = accounts[c->account()];
        ++s.size;
        if (const auto rank = c->in_use(); !s.first || rank < s.rank) {
            s.first = c.get();
            s.rank = rank;
        }
    }
    if (accounts.empty()) return;
    const share& largest = std::max_element(accounts.begin(), accounts.end(), [](const auto& a, const auto& b) {
                               return std::pair{a.second.size, b.second.rank} < std::pair{b.second.size, a.second.rank};
                           })->second;
    if (largest.size > 1 || largest.rank.first == front_connection::use::idle) {
        if (!free_closing_slot()) return;
        report(base::log_level::warning, "connection_dropped", largest.first->peer(), "account_holds_most");
        return largest.first->evict(); // may call remove()
    }
    for (auto at = connections_.upper_bound(last_limited_); at != connections_.end(); ++at)
        if (at->second->authenticated()) {
            last_limited_ = at->first;
            return at->second->last_answer_next();
        }
}

/// Bounds the number of closing connections; one that has sent its last answer ends at once if the slot is needed.
/// @return false: all wait for an answer.
bool front_server::free_closing_slot()
{
    std::size_t closing = 0;
    front_connection* done = nullptr;
    for (const auto& [number, c] : connections_) {
        if (!c->evicted()) continue;
        ++closing;
        if (!done && c->answered_its_last()) done = c.get();
    }
    if (closing < max_closing) return true;
    if (done) done->end_idle("place_needed"); // calls remove()
    return done != nullptr;
}

void front_server::update(std::uint64_t number)
{
    const auto at = connections_.find(number);
    if (at == connections_.end()) return;
    if (!at->second->authenticated()) at->second->unauthenticated_since(next_unauthenticated_++);
}

void front_server::remove(std::uint64_t number)
{
    const auto at = connections_.find(number);
    if (at == connections_.end()) return;
    ended_.push_back(std::move(at->second));
    connections_.erase(at);
    if (ended_.size() == 1) reap_timer_.set(loop_.now(), [this] { ended_.clear(); });
    if (connections_.empty() && drained_) std::exchange(drained_, nullptr)();
}

void front_server::login_started(std::uint64_t connection)
{
    if (const auto at = connections_.find(connection); at != connections_.end()) at->second->login_started();
}

void front_server::login_answered(const wire::login_answer& answer, std::vector<io::unique_fd> fds)
{
    const auto at = connections_.find(answer.connection);
    if (at == connections_.end()) return;
    at->second->login_answered(answer, fds.size() == 1 ? std::move(fds.front()) : io::unique_fd{});
}

} // namespace winrm::service::front
