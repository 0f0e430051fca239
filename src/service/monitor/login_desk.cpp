#include "service/monitor/login_desk.h"

#include <algorithm>

namespace winrm::service::monitor {

login_desk::login_desk(io::loop& on, children& family, login_policy policy, std::size_t parallel, base::log_sink& log)
    : loop_(on), log_(log), authenticator_(on, family, std::move(policy)), parallel_(parallel)
{}

void login_desk::set_policy(login_policy policy, std::size_t parallel)
{
    authenticator_.set_policy(std::move(policy));
    parallel_ = parallel;
}

void login_desk::ask(std::uint64_t key, wire::login_request&& request, answer done)
{
    waiting w{key, std::move(request), std::move(done), nullptr};
    if (queue_.size() + delayed_.size() + running_ >= max_waiting)
        return finish(w, {std::nullopt, true, "too_many_logins", {}});
    const base::time_point now = loop_.now();
    const base::time_point when = gate_.admit(w.request.peer, w.request.user, now);
    // The password is not looked at, so nothing is said about it.
    if (when - now > login_gate::longest_wait) return finish(w, {std::nullopt, true, "too_many_failures", {}});
    if (when <= now) {
        queue_.push_back(std::move(w));
        return start_some();
    }
    const std::uint64_t number = next_++;
    w.turn = std::make_unique<io::timer>(loop_);
    io::timer& turn = *w.turn;
    delayed_.emplace(number, std::move(w));
    turn.set(when, [this, number] {
        auto node = delayed_.extract(number);
        queue_.push_back(std::move(node.mapped()));
        start_some();
    });
}

void login_desk::drop(std::uint64_t key)
{
    queue_.erase(std::remove_if(queue_.begin(), queue_.end(), [key](const waiting& w) { return w.key == key; }),
                 queue_.end());
    for (auto at = delayed_.begin(); at != delayed_.end();)
        at = at->second.key == key ? delayed_.erase(at) : std::next(at);
}

void login_desk::start_some()
{
    while (running_ < parallel_ && !queue_.empty()) {
        waiting w = std::move(queue_.front());
        queue_.pop_front();
        start(std::move(w));
    }
}

void login_desk::start(waiting&& w)
{
    ++running_;
    auto kept = std::make_shared<waiting>(std::move(w));
    authenticator_.check(kept->request.user, kept->request.password, kept->request.peer, [this, kept](login_result r) {
        --running_;
        const wire::login_request& q = kept->request;
        if (r.who) gate_.succeeded(q.peer, q.user, loop_.now());
        else if (!r.unavailable) gate_.failed(q.peer, q.user, loop_.now());
        finish(*kept, std::move(r));
        start_some();
    });
    kept->request.password = base::secret{}; // the child has its copy
}

/// The one line per login; its words are stable, for fail2ban and the like.
void login_desk::finish(waiting& w, login_result r)
{
    w.request.password = base::secret{};
    const char* outcome = r.who ? "ok" : r.unavailable ? "unavailable" : "denied";
    if (!r.detail.empty())
        log_.write(base::log_level::error, "user_file", {{"user", w.request.user}, {"problem", r.detail}});
    log_.write(r.who ? base::log_level::info : base::log_level::warning, "login",
               {{"result", outcome},
                {"user", w.request.user},
                {"peer", w.request.peer},
                {"scheme", "Basic"},
                {"tls", w.request.tls ? "on" : "off"},
                {"reason", r.reason.empty() ? "password" : r.reason}});
    w.done(w.request, std::move(r));
}

} // namespace winrm::service::monitor
