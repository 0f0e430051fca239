#include "net/transport_race.h"

#include "net/connect.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace winrm::net {

// ---- the decision

namespace {

using phase = race_decision::phase;
using event = race_decision::event;
using step = race_decision::step;

struct row
{
    phase from;
    event what;
    phase to;
    std::optional<step> gives;
};
/// What is not here is ignored.
constexpr row rows[] = {
    {phase::tls_first, event::tls_connected, phase::decided, step::take_tls},
    {phase::tls_first, event::tls_failed, phase::plain_last, step::try_plain},
    {phase::tls_first, event::waited, phase::both, step::try_plain},
    {phase::tls_first, event::out_of_time, phase::decided, step::give_up},
    {phase::both, event::tls_connected, phase::decided, step::take_tls},
    {phase::both, event::tls_failed, phase::plain_last, {}},
    {phase::both, event::plain_connected, phase::plain_waits, {}},
    {phase::both, event::plain_failed, phase::tls_last, {}},
    {phase::both, event::out_of_time, phase::decided, step::give_up},
    {phase::tls_last, event::tls_connected, phase::decided, step::take_tls},
    {phase::tls_last, event::tls_failed, phase::decided, step::give_up},
    {phase::tls_last, event::out_of_time, phase::decided, step::give_up},
    {phase::plain_last, event::plain_connected, phase::decided, step::take_plain},
    {phase::plain_last, event::plain_failed, phase::decided, step::give_up},
    {phase::plain_last, event::out_of_time, phase::decided, step::give_up},
    {phase::plain_waits, event::tls_connected, phase::decided, step::take_tls},
    {phase::plain_waits, event::tls_failed, phase::decided, step::take_plain},
    {phase::plain_waits, event::waited, phase::decided, step::take_plain},
    {phase::plain_waits, event::out_of_time, phase::decided, step::take_plain},
};

} // namespace

race_decision::race_decision(base::time_point until, base::time_point now, race_timing timing)
    : timing_(timing), until_(until), next_(now + timing.head_start)
{}

void race_decision::take(event what)
{
    for (const row& r : rows) {
        if (r.from != at_ || r.what != what) continue;
        at_ = r.to;
        if (r.gives) steps_.push_back(*r.gives);
        return;
    }
}

void race_decision::handle_connected(race_port which, base::time_point now)
{
    take(which == race_port::tls ? event::tls_connected : event::plain_connected);
    if (which == race_port::plain && at_ == phase::plain_waits) next_ = now + timing_.grace;
}

void race_decision::handle_failed(race_port which)
{
    take(which == race_port::tls ? event::tls_failed : event::plain_failed);
}

base::time_point race_decision::deadline() const noexcept
{
    switch (at_) {
    case phase::tls_first:
    case phase::plain_waits: return std::min(next_, until_);
    case phase::decided: return base::time_point::max();
    default: return until_;
    }
}

void race_decision::handle_timeout(base::time_point now)
{
    if (now < deadline()) return;
    take(now >= until_ ? event::out_of_time : event::waited);
}

std::optional<step> race_decision::poll()
{
    if (steps_.empty()) return std::nullopt;
    const step out = steps_.front();
    steps_.pop_front();
    return out;
}

// ---- the driver

struct transport_race::impl : std::enable_shared_from_this<transport_race::impl>
{
    explicit impl(resolver& r) : names(r), on(r.loop()), timer(on) {}

    struct side
    {
        std::uint16_t port = 0;
        std::optional<connect_operation> trying;
        io::unique_fd socket;
        std::optional<error> failed;
    };

    side& of(race_port which) { return sides[static_cast<std::size_t>(which)]; }
    void resolved(result<std::vector<address>> got);
    void act();
    void begin(race_port which);
    void ended(race_port which, result<io::unique_fd> got);
    void arm(base::time_point when);
    void passed();
    error silent(const side& s) const;
    error both_failed();
    void finish(result<raced_socket> r);
    void drop();

    resolver& names;
    io::loop& on;
    std::string host;
    base::time_point until;
    race_timing timing;
    std::function<void(result<raced_socket>)> done;
    std::optional<resolve_operation> resolving;
    std::vector<address> found;
    std::optional<race_decision> decision; ///< from when addresses are known
    std::array<side, 2> sides;             ///< by race_port
    io::timer timer;
};

void transport_race::impl::resolved(result<std::vector<address>> got)
{
    if (!got) return finish(std::move(got).error());
    found = std::move(*got);
    decision.emplace(until, on.now(), timing);
    act();
}

void transport_race::impl::act()
{
    while (const auto next = decision->poll()) {
        switch (*next) {
        case step::try_tls: begin(race_port::tls); break;
        case step::try_plain: begin(race_port::plain); break;
        case step::take_tls: return finish(raced_socket{true, std::move(of(race_port::tls).socket)});
        case step::take_plain: return finish(raced_socket{false, std::move(of(race_port::plain).socket)});
        case step::give_up: return finish(both_failed());
        }
    }
    arm(decision->deadline());
}

void transport_race::impl::begin(race_port which)
{
    side& s = of(which);
    s.trying.emplace(names, found, s.port, base::time_point::max(),
                     [self = weak_from_this(), which](result<io::unique_fd> got) {
                         if (const auto me = self.lock()) me->ended(which, std::move(got));
                     });
}

void transport_race::impl::ended(race_port which, result<io::unique_fd> got)
{
    if (got) {
        of(which).socket = std::move(*got);
        decision->handle_connected(which, on.now());
    } else {
        of(which).failed = std::move(got).error();
        decision->handle_failed(which);
    }
    act();
}

void transport_race::impl::arm(base::time_point when)
{
    timer.set(when, [self = weak_from_this()] {
        if (const auto me = self.lock()) me->passed();
    });
}

void transport_race::impl::passed()
{
    if (!decision) return finish(error(errc::timeout, "the name " + host + " was not resolved in time"));
    decision->handle_timeout(on.now());
    act();
}

error transport_race::impl::silent(const side& s) const
{
    return {errc::timeout, found.front().text() + " port " + std::to_string(s.port) +
                               " did not take the connection in time (is the host up, does a firewall drop it?)"};
}

/// The first port's words, then the second's as far as they differ.
error transport_race::impl::both_failed()
{
    side& tls = of(race_port::tls);
    side& plain = of(race_port::plain);
    const bool late = !(tls.failed && plain.failed);
    if (!late) names.forget(host); // it may have moved
    error first = tls.failed ? std::move(*tls.failed) : silent(tls);
    if (!plain.trying) return first; // there was no time for it
    const error second = plain.failed ? std::move(*plain.failed) : silent(plain);
    const std::string port = " port " + std::to_string(tls.port), other = " port " + std::to_string(plain.port);
    std::string same = first.message();
    for (auto at = same.find(port); at != std::string::npos; at = same.find(port, at + other.size()))
        same.replace(at, port.size(), other);
    const std::string more = "; " + (same == second.message() ? "the same on" + other : second.message());
    return std::move(first).with_message(late ? errc::timeout : errc::connect, "", more);
}

void transport_race::impl::finish(result<raced_socket> r)
{
    const auto keep = shared_from_this();
    const auto call = std::exchange(done, nullptr);
    drop();
    if (call) call(std::move(r));
}

void transport_race::impl::drop()
{
    timer.cancel();
    resolving.reset();
    for (side& s : sides) {
        s.trying.reset();
        s.socket.reset();
    }
}

transport_race::transport_race(resolver& names, std::string host, base::time_point deadline,
                               std::function<void(result<raced_socket>)> done, race_ports ports, race_timing timing)
    : impl_(std::make_shared<impl>(names))
{
    impl_->host = host;
    impl_->until = deadline;
    impl_->timing = timing;
    impl_->done = std::move(done);
    impl_->of(race_port::tls).port = ports.tls;
    impl_->of(race_port::plain).port = ports.plain;
    impl_->arm(deadline);
    impl_->resolving.emplace(names, std::move(host), ports.tls,
                             [weak = std::weak_ptr(impl_)](result<std::vector<address>> got) {
                                 if (const auto me = weak.lock()) me->resolved(std::move(got));
                             });
}

transport_race::~transport_race()
{
    const auto unwanted = std::exchange(impl_->done, nullptr);
    impl_->drop();
}

} // namespace winrm::net
