#include "service/monitor/login_gate.h"

#include "service/wire/source_network.h"

#include <algorithm>
#include <limits>

namespace winrm::service::monitor {

using wire::source_network;

namespace {

constexpr unsigned free_pair = 3, free_source = 10, free_account = 20;

} // namespace

base::time_point login_gate::admit(const std::string& source, base::time_point now) const
{
    const auto at = sources_.find(source_network(source));
    if (at == sources_.end() || now - at->second.last > memory || at->second.failures < free_source) return now;
    return now + delay_of(at->second.failures, free_source, longest_shared_delay);
}

base::time_point login_gate::settle(const std::string& source, const std::string& account, base::time_point now)
{
    const std::string network = source_network(source), pair = network + '\n' + account;
    const place of_pair = next_place(pairs_, pair, free_pair, longest_delay, now);
    const place of_source = is_good(pair, now) ? place{nullptr, now}
                                               : next_place(sources_, network, free_source, longest_shared_delay, now);
    place of_account = next_place(accounts_, account, free_account, longest_shared_delay, now);
    // Whoever knows only a name can make its owner wait for longest_shared_delay, and is never the reason that the
    // owner is not heard at all.
    of_account.at = std::min(of_account.at, now + longest_shared_delay);
    const base::time_point mine = std::max({of_pair.at, of_source.at, of_account.at});
    if (mine - now > longest_wait) return mine; // whoever is refused takes no place
    for (const place& p : {of_pair, of_source, of_account})
        if (p.row != nullptr) p.row->next = p.at;
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
    const std::string network = source_network(source), pair = network + '\n' + account;
    const std::size_t of_pair = free_ones(pairs_, pair, free_pair, now);
    if (!is_good(pair, now)) return {of_pair, free_ones(sources_, network, free_source, now)};
    return {of_pair == free_pair ? any : of_pair, any};
}

std::size_t login_gate::room_for(const std::string& source, base::time_point now) const
{
    return free_ones(sources_, source_network(source), free_source, now);
}

bool login_gate::is_good(const std::string& source, const std::string& account, base::time_point now) const
{
    return is_good(source_network(source) + '\n' + account, now);
}

bool login_gate::is_good(const std::string& pair, base::time_point now) const
{
    const auto at = good_.find(pair);
    return at != good_.end() && now - at->second <= good_name;
}

login_gate::place login_gate::next_place(table& in, const std::string& key, unsigned free, base::milliseconds most,
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
    count(pairs_, network + '\n' + account, now);
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
    const std::string network = source_network(source), pair = network + '\n' + account;
    if (const auto at = pairs_.find(pair); at != pairs_.end()) {
        forgive(sources_, network, at->second.failures);
        forgive(accounts_, account, at->second.failures);
        pairs_.erase(at);
    }
    if (good_.size() >= max_entries && good_.find(pair) == good_.end())
        good_.erase(std::min_element(good_.begin(), good_.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; }));
    good_[pair] = now;
}

void login_gate::forgive(table& in, const std::string& key, unsigned failures)
{
    const auto at = in.find(key);
    if (at == in.end()) return;
    if (at->second.failures <= failures) in.erase(at);
    else at->second.failures -= failures;
}

} // namespace winrm::service::monitor
