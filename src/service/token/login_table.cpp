#include "service/token/login_table.h"

#include <algorithm>

namespace winrm::service::token {
namespace {

/// What a login keeps beside its tokens, about.
constexpr std::size_t row_bytes = 1024;
constexpr std::size_t longest_name = 1024; // of an account in a frame

} // namespace

login_table::login_table(login_rules rules, auth::random_source random, wall_clock wall)
    : random_(std::move(random)), wall_(std::move(wall))
{
    set(std::move(rules));
}

void login_table::set(login_rules rules) { rules_ = std::make_shared<const login_rules>(std::move(rules)); }

std::size_t login_table::most_bytes() const noexcept
{
    return std::max<std::size_t>(16 * 1024 * 1024, 2 * most_of_first * rules_->setup.max_logins);
}

login_table::rows::iterator login_table::erase(rows::iterator at)
{
    bytes_ -= at->second.bytes;
    return rows_.erase(at);
}

/// A full table takes nobody in: who is inside has shown more than who comes, and stays a few seconds only.
login_table::rows::iterator login_table::begin(const wire::token_step& ask, base::time_point now)
{
    if (!token_login::known(*rules_, ask.scheme)) return rows_.end();
    row made;
    made.scheme = ask.scheme;
    made.until = now + base::milliseconds{rules_->setup.login_time_ms};
    made.bytes = row_bytes;
    made.login = std::make_unique<token_login>(rules_, ask, random_, wall_);
    bytes_ += made.bytes;
    first_end_ = std::min(first_end_, made.until);
    return rows_.emplace(key{ask.front, ask.connection}, std::move(made)).first;
}

wire::token_answer login_table::step(wire::token_step&& ask, base::time_point now)
{
    handle_timeout(now);
    wire::token_answer out;
    const auto refuse = [&](wire::login_verdict verdict, std::string_view reason) {
        out.step = ask.step;
        out.verdict = verdict;
        out.reason = reason;
        return std::move(out);
    };
    const auto full = [&] {
        return rows_.size() >= rules_->setup.max_logins || bytes_ + ask.token.size() > most_bytes();
    };
    auto at = rows_.find({ask.front, ask.connection});
    if (ask.first) {
        if (at != rows_.end()) at = erase(at);
        if (full()) return refuse(wire::login_verdict::unavailable, "too_many_logins");
        at = begin(ask, now);
        if (at == rows_.end()) return refuse(wire::login_verdict::denied, "no_such_scheme");
    } else {
        // It lasted too long, or a process before this one knew it: no reason to call a password wrong.
        if (at == rows_.end()) return refuse(wire::login_verdict::unavailable, "no_such_login");
        if (at->second.scheme != ask.scheme) {
            erase(at);
            return refuse(wire::login_verdict::denied, "other_scheme");
        }
        if (bytes_ + ask.token.size() > most_bytes()) {
            erase(at);
            return refuse(wire::login_verdict::unavailable, "too_many_logins");
        }
    }
    at->second.bytes += ask.token.size();
    bytes_ += ask.token.size();
    const bool from_domain = !ask.session_key.reveal().empty();
    if (from_domain != at->second.login->waits()) {
        erase(at);
        return refuse(wire::login_verdict::denied, "out_of_order");
    }
    out = from_domain ? at->second.login->resume(ask.account, ask.session_key.reveal())
                      : at->second.login->step(ask.token);
    out.step = ask.step;
    const bool too_long = ask.first && out.verdict == wire::login_verdict::go_on && at->second.bytes > most_of_first;
    if (out.token.size() > wire::max_token || (too_long && out.facts.mechanism != "Kerberos"))
        out = {ask.step, wire::login_verdict::denied, {}, {}, "token_too_long", {}, {}};
    if (out.facts.claimed.size() > longest_name) out.facts.claimed.resize(longest_name); // for the log
    if (out.facts.account.size() > longest_name || out.facts.principal.size() > longest_name)
        out = {ask.step, wire::login_verdict::denied, {}, {}, "name_too_long", {}, {}};
    if (out.verdict != wire::login_verdict::go_on && out.verdict != wire::login_verdict::ask_account) erase(at);
    return out;
}

void login_table::drop(const wire::token_drop& which)
{
    if (!which.whole_front) {
        if (const auto at = rows_.find({which.front, which.connection}); at != rows_.end()) erase(at);
        return;
    }
    for (auto at = rows_.lower_bound({which.front, 0}); at != rows_.end() && at->first.first == which.front;)
        at = erase(at);
}

base::time_point login_table::deadline() const noexcept { return rows_.empty() ? base::time_point::max() : first_end_; }

void login_table::handle_timeout(base::time_point now)
{
    if (now < first_end_) return;
    first_end_ = base::time_point::max();
    for (auto at = rows_.begin(); at != rows_.end();) {
        if (at->second.until <= now) {
            at = erase(at);
        } else {
            first_end_ = std::min(first_end_, at->second.until);
            ++at;
        }
    }
}

} // namespace winrm::service::token
