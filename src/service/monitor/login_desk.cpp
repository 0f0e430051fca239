#include "service/monitor/login_desk.h"

#include "service/wire/source_network.h"

#include <algorithm>
#include <tuple>

namespace winrm::service::monitor {

login_desk::login_desk(io::loop& on, children& family, login_policy policy, std::size_t parallel, base::log_sink& log)
    : loop_(on), log_(log), authenticator_(on, family, std::move(policy)), parallel_(parallel)
{}

void login_desk::set_policy(login_policy policy, std::size_t parallel)
{
    authenticator_.set_policy(std::move(policy));
    parallel_ = parallel;
}

void login_desk::ask(std::uint64_t front, wire::login_request&& request, answer done)
{
    question q;
    q.front = front;
    q.source = wire::source_network(request.peer);
    q.pair = q.source + '\n' + request.user;
    q.request = std::move(request);
    q.done = std::move(done);
    if (waiting_.size() >= max_waiting && !make_room(q)) return finish(q, {std::nullopt, true, "too_many_logins", {}});
    ++sources_[q.source].waiting;
    waiting_.emplace(next_++, std::move(q));
    start_some();
}

/// @return false: the newcomer is the one that finds no place.
bool login_desk::make_room(const question& newcomer)
{
    const base::time_point now = loop_.now();
    const auto most = std::max_element(sources_.begin(), sources_.end(), [](const auto& a, const auto& b) {
        return a.second.waiting < b.second.waiting;
    });
    const auto own = sources_.find(newcomer.source);
    const bool known = gate_.is_good(newcomer.request.peer, newcomer.request.user, now);
    if (!known && own != sources_.end() && own->second.waiting >= most->second.waiting) return false;
    const auto latest = std::find_if(waiting_.rbegin(), waiting_.rend(), [&](const auto& entry) {
        const question& q = entry.second;
        return q.source == most->first && !gate_.is_good(q.request.peer, q.request.user, now);
    });
    if (latest == waiting_.rend()) return false;
    question leaves = take(std::prev(latest.base()));
    finish(leaves, {std::nullopt, true, "too_many_logins", {}});
    return true;
}

login_desk::question login_desk::take(questions::iterator at)
{
    question q = std::move(at->second);
    waiting_.erase(at);
    --sources_.at(q.source).waiting;
    forget_if_idle(q.source);
    return q;
}

void login_desk::forget_if_idle(const std::string& source)
{
    const auto at = sources_.find(source);
    if (at != sources_.end() && at->second.waiting == 0 && at->second.running == 0) sources_.erase(at);
}

void login_desk::drop(std::uint64_t front, std::uint64_t connection)
{
    const auto at = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& entry) {
        return entry.second.front == front && entry.second.request.connection == connection;
    });
    if (at != waiting_.end()) (void)take(at);
}

void login_desk::drop(std::uint64_t front)
{
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        const auto next = std::next(at);
        if (at->second.front == front) (void)take(at);
        at = next;
    }
}

/// What runs may turn out to be failures: as long as it is not known, no more run at once than may fail for free. One
/// account from one source has half of all places at most, whatever it has proved.
bool login_desk::may_start(const question& q) const
{
    const auto running = pairs_running_.find(q.pair);
    const std::size_t of_pair = running == pairs_running_.end() ? 0 : running->second;
    if (of_pair >= (parallel_ + 1) / 2) return false;
    const login_gate::room room = gate_.room_for(q.request.peer, q.request.user, loop_.now());
    return of_pair < room.pair && sources_.at(q.source).running < room.source;
}

/// The source with the fewest checks under way, then the one that has waited longest for a turn, then whoever has
/// logged in from there before.
login_desk::questions::iterator login_desk::next_to_start()
{
    const base::time_point now = loop_.now();
    auto best = waiting_.end();
    std::tuple<std::size_t, std::uint64_t, bool> best_rank;
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
        const question& q = at->second;
        if (q.turn || !may_start(q)) continue;
        const share& s = sources_.at(q.source);
        const std::tuple rank{s.running, s.served, !gate_.is_good(q.request.peer, q.request.user, now)};
        if (best != waiting_.end() && rank >= best_rank) continue;
        best = at;
        best_rank = rank;
    }
    return best;
}

void login_desk::start_some()
{
    while (running_ < parallel_) {
        const auto at = next_to_start();
        if (at == waiting_.end()) return;
        if (admit(at)) start(take(at));
    }
}

/// @return true: now. False: later, or not at all.
bool login_desk::admit(questions::iterator at)
{
    question& q = at->second;
    if (q.admitted) return true;
    const base::time_point now = loop_.now();
    const base::time_point when = gate_.admit(q.request.peer, q.request.user, now);
    q.admitted = true;
    if (when <= now) return true;
    if (when - now > login_gate::longest_wait) { // the password is not looked at, so nothing is said about it
        question refused = take(at);
        finish(refused, {std::nullopt, true, "too_many_failures", {}});
        return false;
    }
    q.turn = std::make_unique<io::timer>(loop_);
    q.turn->set(when, [this, number = at->first] {
        waiting_.at(number).turn.reset();
        start_some();
    });
    return false;
}

void login_desk::start(question&& q)
{
    ++running_;
    share& s = sources_[q.source];
    ++s.running;
    s.served = ++starts_;
    ++pairs_running_[q.pair];
    auto kept = std::make_shared<question>(std::move(q));
    authenticator_.check(kept->request.user, kept->request.password, kept->request.peer, [this, kept](login_result r) {
        --running_;
        --sources_.at(kept->source).running;
        forget_if_idle(kept->source);
        if (--pairs_running_[kept->pair] == 0) pairs_running_.erase(kept->pair);
        const wire::login_request& asked = kept->request;
        if (r.who) gate_.succeeded(asked.peer, asked.user, loop_.now());
        else if (!r.unavailable) gate_.failed(asked.peer, asked.user, loop_.now());
        finish(*kept, std::move(r));
        start_some();
    });
    kept->request.password = base::secret{}; // the child has its copy
}

/// The one line per login; its words are stable, for fail2ban and the like. Where it came from stands before what the
/// client could choose.
void login_desk::finish(question& q, login_result r)
{
    q.request.password = base::secret{};
    const char* outcome = r.who ? "ok" : r.unavailable ? "unavailable" : "denied";
    if (!r.detail.empty())
        log_.write(base::log_level::error, "user_file", {{"user", q.request.user}, {"problem", r.detail}});
    log_.write(r.who ? base::log_level::info : base::log_level::warning, "login",
               {{"result", outcome},
                {"peer", q.request.peer},
                {"user", q.request.user},
                {"scheme", "Basic"},
                {"tls", q.request.tls ? "on" : "off"},
                {"reason", r.reason.empty() ? "password" : r.reason}});
    q.done(q.request, std::move(r));
}

} // namespace winrm::service::monitor
