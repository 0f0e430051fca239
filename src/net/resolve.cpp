#include "net/resolve.h"

#include "base/system_reason.h"
#include "net/lookup_pool.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <system_error>

namespace winrm::net {

namespace {

constexpr std::size_t most_addresses = 16;

/// A name has no port here: one lookup serves all ports.
lookup ask_system(const std::string& host, int flags)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    lookup out;
    out.failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    out.number = errno;
    if (out.failure != 0) return out;
    for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
        if (a->ai_addrlen > sizeof(sockaddr_storage)) continue;
        address one;
        std::memcpy(&one.storage, a->ai_addr, a->ai_addrlen);
        one.size = a->ai_addrlen;
        out.found.push_back(one);
    }
    ::freeaddrinfo(list);
    return out;
}

/// The system's order decides who is first; from there the families take turns.
std::vector<address> take_turns(const std::vector<address>& in)
{
    std::vector<address> first, second, out;
    for (const address& a : in) (a.family() == in.front().family() ? first : second).push_back(a);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) out.push_back(first[i]);
        if (i < second.size()) out.push_back(second[i]);
    }
    if (out.size() > most_addresses) out.resize(most_addresses);
    return out;
}

/// "fe80::1%eth0" is never a name, so nobody is asked: what is wrong with it can be said at once.
error wrong_address(const std::string& host)
{
    const auto sign = host.find('%');
    if (sign == std::string::npos) return {errc::unresolved, host + " is no IPv6 address (is it written right?)"};
    const std::string zone = host.substr(sign + 1);
    if (::if_nametoindex(zone.c_str()) == 0)
        return {errc::unresolved, "this machine has no network interface named " + zone + ", which " + host +
                                      " asks for (ip link lists those it has)"};
    return {errc::unresolved, host +
                                  " cannot be used: only a link-local IPv6 address (fe80::…) takes a network "
                                  "interface after a %; leave %" +
                                  zone + " out"};
}

std::string lookup_reason(const lookup& l)
{
    switch (l.failure) {
    case EAI_AGAIN: return "no name server answers just now (is the network up? try again)";
    case EAI_FAIL: return "the name servers cannot answer for this name (look at /etc/resolv.conf)";
    case EAI_FAMILY:
    case EAI_ADDRFAMILY: return "it has no address of a kind that this machine speaks (IPv4 or IPv6)";
    case EAI_MEMORY: return base::network_reason(ENOMEM);
    case EAI_SYSTEM:
        if (l.number == ENOBUFS) return "too many names are being looked up at once, ask for fewer";
        return base::file_reason(l.number); // of /etc/hosts, or of the sockets to the name servers
    default:
        return std::string("the system gives as its reason: ") + ::gai_strerror(l.failure) + " (code " +
               std::to_string(l.failure) + ")";
    }
}

result<std::vector<address>> answer(const std::string& host, std::uint16_t port, const lookup& l)
{
    if (l.failure == 0 && !l.found.empty()) {
        auto all = take_turns(l.found);
        for (address& a : all) a.set_port(port);
        return all;
    }
    if (l.failure == 0 || l.failure == EAI_NONAME || l.failure == EAI_NODATA)
        return error(errc::unresolved, "there is no host named " + host + " (is it spelt right?)");
    return error(errc::unresolved, "the name " + host + " could not be looked up: " + lookup_reason(l));
}

} // namespace

void address::set_port(std::uint16_t port) noexcept
{
    if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
    if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
}

bool address::lacks_zone() const noexcept
{
    if (family() != AF_INET6) return false;
    const auto& six = reinterpret_cast<const sockaddr_in6&>(storage);
    return IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr) && six.sin6_scope_id == 0;
}

std::string address::text() const
{
    std::array<char, NI_MAXHOST> host{};
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, host.data(), host.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0)
        return "an unknown address";
    return host.data();
}

// ---- one who asks

struct resolve_operation::impl
{
    void finish(const lookup& l)
    {
        if (done) std::exchange(done, nullptr)(answer(host, port, l));
    }

    std::string host;
    std::uint16_t port = 0;
    std::function<void(result<std::vector<address>>)> done;
    std::weak_ptr<resolver::impl> waits_for; ///< set while a lookup is under way
};

// ---- the resolver: who waits for what, and what is known. Only on the loop's thread

struct resolver::impl : std::enable_shared_from_this<resolver::impl>
{
    using asker = std::shared_ptr<resolve_operation::impl>;
    struct known
    {
        base::time_point until;
        lookup what;
    };

    impl(io::loop& l, resolver_options o) : on(l), options(std::move(o))
    {
        if (!options.look_up) options.look_up = [](const std::string& name) { return ask_system(name, AI_ADDRCONFIG); };
    }

    [[nodiscard]] const lookup* find(const std::string& host) const
    {
        const auto at = cache.find(host);
        return at == cache.end() || at->second.until <= on.now() ? nullptr : &at->second.what;
    }

    void ask(const asker& who)
    {
        const auto [at, first] = waiting.try_emplace(who->host);
        if (first || !pool->usable()) {
            if (const int number = begin(who->host)) {
                waiting.erase(at);
                return fail_later(who, number);
            }
        }
        at->second.push_back(who);
        who->waits_for = weak_from_this();
        listen();
    }

    /// @return errno, 0 = the name is asked for
    int begin(const std::string& host)
    {
        if (!(pool && pool->usable())) {
            auto made = lookup_pool::make(options.workers, options.queue, options.look_up);
            if (!made) return errno;
            pool = std::move(made);
            wake.emplace(on, pool->take_wake_fd());
        }
        return pool->ask(host);
    }

    void fail_later(const asker& who, int number) const
    {
        on.post([weak = std::weak_ptr(who), number] {
            if (const auto me = weak.lock()) me->finish({EAI_SYSTEM, number, {}});
        });
    }

    void leave(const asker& who)
    {
        const auto at = waiting.find(who->host);
        if (at == waiting.end()) return;
        std::erase(at->second, who);
        if (!at->second.empty()) return;
        waiting.erase(at);
        if (pool->usable()) pool->withdraw(who->host);
        if (waiting.empty()) wake->when_readable(nullptr);
    }

    /// Only while somebody waits: a loop runs as long as something is listened to.
    void listen()
    {
        wake->when_readable([weak = weak_from_this()] {
            if (const auto me = weak.lock()) me->collect();
        });
    }

    void collect()
    {
        if (!pool->usable()) return;
        auto finished = pool->take_found();
        std::vector<std::pair<std::weak_ptr<resolve_operation::impl>, std::shared_ptr<const lookup>>> calls;
        for (auto& [host, found] : finished) {
            const auto shared = std::make_shared<const lookup>(std::move(found));
            keep(host, *shared);
            const auto at = waiting.find(host);
            if (at == waiting.end()) continue;
            for (const auto& who : at->second) {
                who->waits_for.reset();
                calls.emplace_back(who, shared);
            }
            waiting.erase(at);
        }
        if (!waiting.empty()) listen();
        // Last: those who are called may ask again, give up others, or destroy all this.
        for (const auto& [who, what] : calls)
            if (const auto there = who.lock()) there->finish(*what);
    }

    void keep(const std::string& host, const lookup& what)
    {
        const auto now = on.now();
        while (!order.empty() && (order.size() >= options.cached || order.front().second <= now)) {
            const auto old = cache.find(order.front().first); // asked for again meanwhile, it has a later time
            if (old != cache.end() && old->second.until == order.front().second) cache.erase(old);
            order.pop_front();
        }
        if (what.failure != 0 || what.found.empty() || options.cached == 0) return;
        const auto until = now + options.cache_time;
        cache.insert_or_assign(host, known{until, what});
        order.emplace_back(host, until);
    }

    io::loop& on;
    resolver_options options;
    std::shared_ptr<lookup_pool> pool; ///< made with the first name
    std::optional<io::descriptor> wake;
    std::map<std::string, std::vector<asker>> waiting; ///< by name: asked for and not answered
    std::map<std::string, known> cache;
    std::deque<std::pair<std::string, base::time_point>> order; ///< of `cache`, oldest first
};

resolver::resolver(io::loop& on, resolver_options options) : impl_(std::make_shared<impl>(on, std::move(options))) {}

resolver::~resolver()
{
    if (impl_->pool && impl_->pool->usable()) impl_->pool->stop();
    impl_->wake.reset();
}

io::loop& resolver::loop() noexcept { return impl_->on; }
void resolver::forget(const std::string& host) { impl_->cache.erase(host); }
std::size_t resolver::threads_started() const { return impl_->pool ? impl_->pool->threads_started() : 0; }

resolve_operation::resolve_operation(resolver& by, std::string host, std::uint16_t port,
                                     std::function<void(result<std::vector<address>>)> done)
    : impl_(std::make_shared<impl>())
{
    impl_->host = std::move(host);
    impl_->port = port;
    impl_->done = std::move(done);
    auto finish = [&](const lookup& l) {
        by.loop().post([weak = std::weak_ptr(impl_), l] {
            if (const auto me = weak.lock()) me->finish(l);
        });
    };
    if (const lookup* known = by.impl_->find(impl_->host)) {
        finish(*known);
        return;
    }
    if (const lookup numeric = ask_system(impl_->host, AI_NUMERICHOST); numeric.failure == 0) {
        finish(numeric);
        return;
    }
    if (impl_->host.find(':') != std::string::npos) {
        by.loop().post([weak = std::weak_ptr(impl_)] {
            const auto me = weak.lock();
            if (me && me->done) std::exchange(me->done, nullptr)(wrong_address(me->host));
        });
        return;
    }
    by.impl_->ask(impl_);
}

resolve_operation::~resolve_operation()
{
    impl_->done = nullptr;
    if (const auto by = impl_->waits_for.lock()) by->leave(impl_);
}

} // namespace winrm::net
