#include "service/monitor/login_desk.h"

#include "base/text.h"
#include "service/monitor/pam.h"
#include "service/wire/source_network.h"

#include <algorithm>

namespace winrm::service::monitor {

login_desk::login_desk(io::loop& on, children& family, login_policy policy, std::size_t parallel, base::log_sink& log,
                       std::function<void(std::uint64_t, std::uint64_t)> started, base::milliseconds longest_stay)
    : loop_(on), log_(log), summary_(log), summary_clock_(on), authenticator_(on, family, {}),
      started_(std::move(started)), longest_stay_(longest_stay)
{
    set_policy(std::move(policy), parallel);
}

login_desk::~login_desk() { summary_.report_all(loop_.now()); }

void login_desk::arm_summary()
{
    summary_clock_.set(summary_.deadline(), [this] {
        summary_.handle_timeout(loop_.now());
        arm_summary();
    });
}

void login_desk::set_policy(login_policy policy, std::size_t parallel)
{
    parallel_ = parallel;
    const bool by_pam = policy.how == backend::pam || (policy.how == backend::user_file && policy.account_rules);
    pam_service_ = by_pam ? policy.pam_service : std::string{};
    longest_check_ = policy.time;
    const bool hashes = policy.how != backend::throw_away; // one name and one password: no accounts to tell apart
    authenticator_.set_policy(std::move(policy));
    if (hashes) measure();
}

void login_desk::measure()
{
    measuring_ = !floor_.seeded();
    authenticator_.measure([this](base::milliseconds hash) { hold_refusals(hash); });
}

void login_desk::hold_refusals(base::milliseconds hash)
{
    floor_.seed(hash, longest_check_);
    if (!std::exchange(measuring_, false)) return;
    std::vector<std::uint64_t> all;
    for (const auto& [number, one] : held_) all.push_back(number);
    for (const std::uint64_t number : all) hold(number);
}

void login_desk::ask(std::uint64_t front, wire::login_request&& request, answer done)
{
    question q;
    q.front = front;
    q.request = std::move(request);
    q.done = std::move(done);
    queue(std::move(q));
}

void login_desk::ask(std::uint64_t front, wire::login_request&& request, token_outcome outcome, answer done)
{
    question q;
    q.front = front;
    q.request = std::move(request);
    // "" where a token named nobody: counted for its source alone
    q.request.user = outcome.facts.account.empty() ? outcome.facts.principal : outcome.facts.account;
    q.tokens = std::move(outcome);
    q.done = std::move(done);
    queue(std::move(q));
}

void login_desk::ask(std::uint64_t front, wire::login_request&& request, wire::domain_response response,
                     token_outcome so_far, answer done)
{
    question q;
    q.front = front;
    q.request = std::move(request);
    q.request.user = so_far.facts.account;
    q.tokens = std::move(so_far);
    q.response = std::move(response);
    q.done = std::move(done);
    queue(std::move(q));
}

void login_desk::queue(question&& q)
{
    answer_the_latest(q);
    const std::string source = wire::source_network(q.request.peer);
    q.admitted = q.tokens && !q.tokens->counted.empty();
    q.account = base::lower(q.admitted ? q.tokens->counted : q.request.user);
    q.known = gate_.is_known(q.request.peer, q.account, loop_.now());
    q.login = source + '\n' + q.account;
    q.share = q.known ? q.login : source;
    if (waiting_.size() >= max_waiting && !make_room(q)) return finish(q, {std::nullopt, true, "too_many_logins", {}});
    // Behind all that waits already, ahead of what was served last.
    const share fresh{0, 0, starts_ == 0 ? 0 : starts_ - 1};
    ++shares_.try_emplace(q.share, fresh).first->second.waiting;
    const std::uint64_t number = next_++;
    q.expiry = std::make_unique<io::timer>(loop_);
    q.expiry->set_after(longest_stay_, [this, number] { refuse(waiting_.find(number), "waited_too_long"); });
    waiting_.emplace(number, std::move(q));
    start_some();
}

/// A check that runs goes on when it is dropped. Its answer must not be taken for that of the connection's next login,
/// which a front that is taken over could begin meanwhile as somebody else.
void login_desk::answer_the_latest(question& q)
{
    const std::pair whose{q.front, q.request.connection};
    const std::uint64_t number = next_++;
    asked_[whose] = number;
    q.done = [this, whose, number, done = std::move(q.done)](const wire::login_request& request, login_result r) {
        const auto at = asked_.find(whose);
        if (at == asked_.end() || at->second != number) return;
        asked_.erase(at);
        done(request, std::move(r));
    };
}

/// Evicts the latest question of the largest share. A known account is queued even where all shares are small.
/// @return false: the newcomer is the one to be refused.
bool login_desk::make_room(const question& newcomer)
{
    auto evicted = waiting_.end();
    std::pair<std::size_t, bool> most; // waiting, unknown
    for (auto at = waiting_.end(); at != waiting_.begin();) {
        --at;
        const std::pair rank{shares_.at(at->second.share).waiting, !at->second.known};
        if (evicted != waiting_.end() && rank <= most) continue;
        evicted = at;
        most = rank;
    }
    const auto own = shares_.find(newcomer.share);
    const std::size_t own_size = own == shares_.end() ? 0 : own->second.waiting;
    const bool goes_ahead = newcomer.known && most.second && own_size < head_start;
    if (own_size >= most.first && !goes_ahead) return false;
    refuse(evicted, "too_many_logins");
    return true;
}

login_desk::question login_desk::take(questions::iterator at)
{
    question q = std::move(at->second);
    waiting_.erase(at);
    q.expiry.reset();
    --shares_.at(q.share).waiting;
    forget_if_idle(q.share);
    return q;
}

/// Nothing is said about the password, which nobody has looked at.
void login_desk::refuse(questions::iterator at, const char* reason)
{
    question q = take(at);
    finish(q, {std::nullopt, true, reason, {}});
}

void login_desk::forget_if_idle(const std::string& name)
{
    const auto at = shares_.find(name);
    if (at != shares_.end() && at->second.waiting == 0 && at->second.running == 0) shares_.erase(at);
}

void login_desk::drop(std::uint64_t front, std::uint64_t connection)
{
    asked_.erase({front, connection});
    const auto at = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& entry) {
        return entry.second.front == front && entry.second.request.connection == connection;
    });
    if (at != waiting_.end()) (void)take(at);
}

void login_desk::drop(std::uint64_t front)
{
    asked_.erase(asked_.lower_bound({front, 0}), asked_.lower_bound({front + 1, 0}));
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        const auto next = std::next(at);
        if (at->second.front == front) (void)take(at);
        at = next;
    }
}

/// What runs may turn out to be failures: as long as it is not known, no more run at once than may fail for free. One
/// account from one source leaves a quarter of all slots to others, whatever it has proved: checks can hang.
bool login_desk::may_start(const question& q) const
{
    const auto running = logins_running_.find(q.login);
    const std::size_t of_login = running == logins_running_.end() ? 0 : running->second;
    const std::size_t for_others = parallel_ == 1 ? 0 : std::max<std::size_t>(1, parallel_ / 4);
    if (of_login >= parallel_ - for_others) return false;
    // What is held uses no slot; no source may learn from its own next check when the one before really ended.
    if (!q.known && shares_.at(q.share).running >= parallel_) return false;
    const login_gate::room room = gate_.room_for(q.request.peer, q.account, loop_.now());
    return of_login < room.login && shares_.at(q.share).running < room.source;
}

/// The share with the fewest checks under way, then the one that has waited longest for a turn, then the oldest
/// question.
login_desk::questions::iterator login_desk::next_to_start()
{
    auto best = waiting_.end();
    std::pair<std::size_t, std::uint64_t> best_rank;
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
        const question& q = at->second;
        if (q.turn || !may_start(q)) continue;
        const share& s = shares_.at(q.share);
        const std::pair rank{s.running, s.served + (q.known ? 0 : head_start)};
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
    const base::time_point when = gate_.settle(q.request.peer, q.account, now);
    q.admitted = true;
    if (when <= now) return true;
    if (when - now > login_gate::longest_wait) {
        refuse(at, "too_many_failures");
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
    share& s = shares_[q.share];
    ++s.running;
    s.served = ++starts_;
    ++logins_running_[q.login];
    started_(q.front, q.request.connection);
    if (!pam_service_.empty()) look_at_pam_file();
    auto kept = std::make_shared<question>(std::move(q));
    // What the token process took for its part must not show: known and unknown accounts may differ in it.
    const base::time_point began = kept->tokens ? kept->tokens->came : loop_.now();
    const auto after = [this, kept, began](login_result r) { checked(std::move(*kept), began, std::move(r)); };
    if (kept->response) return authenticator_.ask_domain(*kept->response, after);
    if (kept->tokens && !kept->tokens->proved)
        return checked(std::move(*kept), began, {std::nullopt, false, kept->tokens->reason, {}});
    if (kept->tokens && !kept->tokens->facts.principal.empty())
        return authenticator_.decide_principal(kept->tokens->facts.principal, kept->request.peer, after);
    if (kept->tokens) return authenticator_.decide(kept->request.user, kept->request.peer, after);
    authenticator_.check(kept->request.user, kept->request.password, kept->request.peer, after);
    kept->request.password = base::secret{}; // the child has its copy
}

/// PAM says nothing when its service has no file, and takes the one called "other".
void login_desk::look_at_pam_file()
{
    const std::string missing = missing_pam_file(pam_service_);
    if (missing.empty() == !pam_file_gone_) return;
    pam_file_gone_ = !missing.empty();
    if (pam_file_gone_)
        log_.write(base::log_level::error, "pam_service",
                   {{"problem", missing + " is gone: until it is back, PAM goes by its service \"other\""}});
    else log_.write(base::log_level::info, "pam_service", {{"note", "there is a file for " + pam_service_ + " again"}});
}

void login_desk::checked(question&& q, base::time_point began, login_result&& r)
{
    --running_;
    const base::time_point now = loop_.now();
    if (!r.proof) write_line(q, r);
    // A check below the floor must leave it as it is: a floor that rises tells of the check that raised it.
    const bool spoke = !q.tokens && (r.who || !r.unavailable); // no password was hashed for a token
    if (spoke && floor_.seeded() && now - began > floor_.floor(now)) floor_.took(now - began, now);
    if (r.who || r.proof) {
        settle(q, std::move(r));
    } else {
        const std::uint64_t number = next_++;
        held_.emplace(number, refusal{std::move(q), std::move(r), began, now, nullptr});
        if (!measuring_) hold(number);
    }
    start_some();
}

void login_desk::hold(std::uint64_t number)
{
    refusal& held = held_.at(number);
    std::uint32_t chance = 0;
    chance_(reinterpret_cast<char*>(&chance), sizeof chance);
    const base::time_point when = floor_.release(held.began, held.ended, chance);
    if (when <= loop_.now()) return release(number);
    held.clock = std::make_unique<io::timer>(loop_);
    held.clock->set(when, [this, number] { release(number); });
}

void login_desk::release(std::uint64_t number)
{
    const auto at = held_.find(number);
    refusal held = std::move(at->second);
    held_.erase(at);
    settle(held.q, std::move(held.r));
    start_some();
}

/// From here on the outcome counts, and whoever asked gets it.
void login_desk::settle(question& q, login_result&& r)
{
    --shares_.at(q.share).running;
    forget_if_idle(q.share);
    if (--logins_running_[q.login] == 0) logins_running_.erase(q.login);
    if (r.who) gate_.succeeded(q.request.peer, q.account, loop_.now());
    const bool failed = !r.who && !r.proof && !r.unavailable; // proof: the rest of its token is still to be looked at
    if (failed && q.account.empty()) gate_.failed(q.request.peer, loop_.now());
    else if (failed) gate_.failed(q.request.peer, q.account, loop_.now());
    q.done(q.request, std::move(r));
}

/// The one line per login; its words are stable, for fail2ban and the like. Where it came from stands before what the
/// client could choose.
void login_desk::write_line(const question& q, const login_result& r)
{
    const char* outcome = r.who ? "ok" : r.unavailable ? "unavailable" : "denied";
    const char* tls = q.request.tls ? "on" : "off";
    if (q.tokens) {
        const wire::token_facts& f = q.tokens->facts;
        const auto yes_no = [](bool value) { return value ? "yes" : "no"; };
        return write_line(q, r,
                          {{"result", outcome},
                           {"peer", q.request.peer},
                           {"user", r.who               ? r.who->name()
                                    : f.claimed.empty() ? q.request.user
                                                        : f.claimed},
                           {"scheme", q.request.scheme},
                           {"mechanism", f.mechanism},
                           {"sealed", yes_no(f.sealed)},
                           {"bound", yes_no(f.bound)},
                           {"delegated", yes_no(f.delegated)},
                           {"tls", tls},
                           {"reason", r.reason.empty() ? "token" : r.reason}});
    }
    write_line(q, r,
               {{"result", outcome},
                {"peer", q.request.peer},
                {"user", q.request.user},
                {"scheme", q.request.scheme},
                {"tls", tls},
                {"reason", r.reason.empty() ? "password" : r.reason}});
}

void login_desk::write_line(const question& q, const login_result& r, std::initializer_list<base::log_field> fields)
{
    if (!r.detail.empty())
        summary_.write(loop_.now(), base::log_level::error, "user_file", q.request.peer, r.detail,
                       {{"user", q.request.user}, {"problem", r.detail}});
    if (r.unavailable) summary_.write(loop_.now(), base::log_level::warning, "login", q.request.peer, r.reason, fields);
    else log_.write(r.who ? base::log_level::info : base::log_level::warning, "login", fields);
    if (r.unavailable || !r.detail.empty()) arm_summary();
}

/// Costs a stranger nothing, so it is counted like what nobody looked at.
void login_desk::write_unfinished(const wire::login_request& request, const std::string& reason)
{
    summary_.write(loop_.now(), base::log_level::warning, "login", request.peer, reason,
                   {{"result", "unavailable"},
                    {"peer", request.peer},
                    {"user", request.user},
                    {"scheme", request.scheme},
                    {"tls", request.tls ? "on" : "off"},
                    {"reason", reason}});
    arm_summary();
}

void login_desk::finish(question& q, login_result r)
{
    q.request.password = base::secret{};
    write_line(q, r);
    q.done(q.request, std::move(r));
}

} // namespace winrm::service::monitor
