#include "service/monitor/token_logins.h"

#include <algorithm>
#include <utility>

namespace winrm::service::monitor {

void token_logins::ask(std::uint64_t front, wire::login_request&& request, const std::string& end_point,
                       base::time_point now, base::time_point when)
{
    step s;
    s.token = std::exchange(request.token, {});
    if (request.tls) s.end_point = end_point;
    s.q = {front, std::move(request), now};
    s.due = when;
    steps_.emplace(next_++, std::move(s));
}

void token_logins::resume(question&& q, std::string account, base::secret session_key, base::time_point now)
{
    step s;
    s.q = std::move(q);
    s.account = std::move(account);
    s.session_key = std::move(session_key);
    s.due = now;
    steps_.emplace(next_++, std::move(s));
}

std::optional<wire::token_step> token_logins::poll_step(base::time_point now)
{
    const auto at = std::find_if(steps_.begin(), steps_.end(),
                                 [now](const auto& s) { return !s.second.sent && s.second.due <= now; });
    if (at == steps_.end()) return std::nullopt;
    step& s = at->second;
    s.sent = true;
    s.due = now + longest_step;
    s.q.came = now;
    const wire::login_request& r = s.q.request;
    begun_.insert({s.q.front, r.connection});
    return wire::token_step{at->first,    s.q.front,
                            r.connection, r.scheme,
                            r.tls,        std::move(s.end_point),
                            r.first,      std::exchange(s.token, {}),
                            r.listener,   std::move(s.session_key),
                            s.account};
}

std::optional<token_logins::question> token_logins::answered(const wire::token_answer& answer)
{
    const auto at = steps_.find(answer.step);
    if (at == steps_.end() || !at->second.sent) return std::nullopt;
    question q = std::move(at->second.q);
    steps_.erase(at);
    if (answer.verdict != wire::login_verdict::go_on && answer.verdict != wire::login_verdict::ask_account)
        begun_.erase({q.front, q.request.connection});
    return q;
}

bool token_logins::drop(std::uint64_t front, std::uint64_t connection)
{
    std::erase_if(steps_, [&](const auto& s) {
        return s.second.q.front == front && s.second.q.request.connection == connection;
    });
    return begun_.erase({front, connection}) != 0;
}

void token_logins::drop(std::uint64_t front)
{
    std::erase_if(steps_, [&](const auto& s) { return s.second.q.front == front; });
    begun_.erase(begun_.lower_bound({front, 0}), begun_.lower_bound({front + 1, 0}));
}

std::vector<token_logins::question> token_logins::lost()
{
    std::vector<question> out;
    for (auto& [number, s] : steps_) out.push_back(std::move(s.q));
    steps_.clear();
    begun_.clear();
    return out;
}

base::time_point token_logins::deadline() const noexcept
{
    base::time_point first = base::time_point::max();
    for (const auto& [number, s] : steps_) first = std::min(first, s.due);
    return first;
}

std::vector<token_logins::question> token_logins::handle_timeout(base::time_point now)
{
    std::vector<question> out;
    for (auto at = steps_.begin(); at != steps_.end();) {
        if (!at->second.sent || at->second.due > now) {
            ++at;
            continue;
        }
        out.push_back(std::move(at->second.q));
        at = steps_.erase(at);
    }
    return out;
}

} // namespace winrm::service::monitor
