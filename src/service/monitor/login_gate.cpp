#include "service/monitor/login_gate.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace winrm::service::monitor {
namespace {

constexpr unsigned free_pair = 3, free_source = 10, free_account = 20;
// Whoever knows only a name can make its owner wait this long, not longer.
constexpr base::milliseconds longest_account_delay{2'000};

} // namespace

std::string source_network(const std::string& address)
{
    in6_addr v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
    std::memset(v6.s6_addr + 8, 0, 8);
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    return std::string{text} + "/64";
}

base::time_point login_gate::admit(const std::string& source, const std::string& account, base::time_point now)
{
    const std::string network = source_network(source);
    return std::max({place(pairs_, network + '\n' + account, free_pair, longest_delay, now),
                     place(sources_, network, free_source, longest_delay, now),
                     place(accounts_, account, free_account, longest_account_delay, now)});
}

base::time_point login_gate::place(table& in, const std::string& key, unsigned free, base::milliseconds most,
                                   base::time_point now)
{
    const auto at = in.find(key);
    if (at == in.end()) return now;
    entry& e = at->second;
    if (now - e.last > memory) {
        in.erase(at);
        return now;
    }
    if (e.failures < free) return now;
    const unsigned doublings = std::min(e.failures - free, 16u);
    const base::milliseconds delay = std::min(most, base::milliseconds{first_delay.count() << doublings});
    const base::time_point mine = std::max(now, e.next) + delay;
    // A row that long is refused by the caller: whoever is refused takes no place in it.
    if (most == longest_delay && mine - now > longest_wait) return mine;
    return e.next = std::min(mine, now + longest_wait);
}

void login_gate::failed(const std::string& source, const std::string& account, base::time_point now)
{
    const std::string network = source_network(source);
    count(pairs_, network + '\n' + account, now);
    count(sources_, network, now);
    count(accounts_, account, now);
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

void login_gate::succeeded(const std::string& source, const std::string& account)
{
    pairs_.erase(source_network(source) + '\n' + account);
}

} // namespace winrm::service::monitor
