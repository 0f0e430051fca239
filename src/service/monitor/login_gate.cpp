#include "service/monitor/login_gate.h"

#include "service/wire/source_network.h"

#include <algorithm>
#include <limits>

namespace winrm::service::monitor {

using wire::source_network;

namespace {

constexpr unsigned free_login = 3, free_source = 10, free_account = 20;

} // namespace

base::time_point login_gate::admit(const std::string& source, base::time_point now) const
{
    const auto at = sources_.find(source_network(source));
    if (at == sources_.end() || now - at->second.last > memory || at->second.failures < free_source) return now;
    return now + delay_of(at->second.failures, free_source, longest_shared_delay);
}

base::time_point login_gate::settle(const std::string& source, const std::string& account, base::time_point now)
{
    const std::string network = source_network(source), login = network + '\n' + account;
    const slot of_login = next_slot(logins_, login, free_login, longest_delay, now);
    const slot of_source = is_known(login, now) ? slot{nullptr, now}
                                                : next_slot(sources_, network, free_source, longest_shared_delay, now);
    slot of_account = next_slot(accounts_, account, free_account, longest_shared_delay, now);
    // Whoever knows only a name can make its owner wait for longest_shared_delay, and is never the reason that the
    // owner is not heard at all.
    of_account.at = std::min(of_account.at, now + longest_shared_delay);
    const base::time_point mine = std::max({of_login.at, of_source.at, of_account.at});
    if (mine - now > longest_wait) return mine; // whoever is refused takes no slot
    for (const slot& s : {of_login, of_source, of_account})
        if (s.of != nullptr) s.of->next = s.at;
    return mine;
}

std::size_t login_gate::free_ones(const table& in, const std::string& key, unsigned free, base::time_point now)
{
    const auto at = in.find(key);
    const unsigned failures = at == in.end() || now - at->second.last > memory ? 0 : at->second.failures;
    return failures < free ? free - failures : 1;
}

login_gate::room login_gate::room_for(const std::string& source, const std::string& account, base::time_point now) const
{
    constexpr auto any = std::numeric_limits<std::size_t>::max();
    const std::string network = source_network(source), login = network + '\n' + account;
    const std::size_t of_login = free_ones(logins_, login, free_login, now);
    if (!is_known(login, now)) return {of_login, free_ones(sources_, network, free_source, now)};
    return {of_login == free_login ? any : of_login, any};
}

std::size_t login_gate::room_for(const std::string& source, base::time_point now) const
{
    return free_ones(sources_, source_network(source), free_source, now);
}

bool login_gate::is_known(const std::string& source, const std::string& account, base::time_point now) const
{
    return is_known(source_network(source) + '\n' + account, now);
}

bool login_gate::is_known(const std::string& login, base::time_point now) const
{
    const auto at = known_.find(login);
    return at != known_.end() && now - at->second <= known_for;
}

login_gate::slot login_gate::next_slot(table& in, const std::string& key, unsigned free, base::milliseconds most,
                                       base::time_point now)
{
    const auto at = in.find(key);
    if (at == in.end()) return {nullptr, now};
    entry& e = at->second;
    if (now - e.last > memory) {
        in.erase(at);
        return {nullptr, now};
    }
    if (e.failures < free) return {nullptr, now};
    return {&e, std::max(now, e.next) + delay_of(e.failures, free, most)};
}

base::milliseconds login_gate::delay_of(unsigned failures, unsigned free, base::milliseconds most)
{
    const unsigned doublings = std::min(failures - free, 16u);
    return std::min(most, base::milliseconds{first_delay.count() << doublings});
}

void login_gate::failed(const std::string& source, const std::string& account, base::time_point now)
{
    const std::string network = source_network(source);
    count(logins_, network + '\n' + account, now);
    count(sources_, network, now);
    count(accounts_, account, now);
}

void login_gate::failed(const std::string& source, base::time_point now)
{
    count(sources_, source_network(source), now);
}

void login_gate::count(table& in, const std::string& key, base::time_point now)
{
    if (in.size() >= max_entries && in.find(key) == in.end())
        in.erase(std::min_element(in.begin(), in.end(),
                                  [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
    entry& e = in[key];
    if (e.failures != 0 && now - e.last > memory) e = {};
    ++e.failures;
    e.last = now;
}

void login_gate::succeeded(const std::string& source, const std::string& account, base::time_point now)
{
    const std::string network = source_network(source), login = network + '\n' + account;
    if (const auto at = logins_.find(login); at != logins_.end()) {
        forgive(sources_, network, at->second.failures);
        forgive(accounts_, account, at->second.failures);
        logins_.erase(at);
    }
    if (known_.size() >= max_entries && known_.find(login) == known_.end())
        known_.erase(std::min_element(known_.begin(), known_.end(),
                                      [](const auto& a, const auto& b) { return a.second < b.second; }));
    known_[login] = now;
}

void login_gate::forgive(table& in, const std::string& key, unsigned failures)
{
    const auto at = in.find(key);
    if (at == in.end()) return;
    if (at->second.failures <= failures) in.erase(at);
    else at->second.failures -= failures;
}

} // namespace winrm::service::monitor
