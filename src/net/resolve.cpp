#include "net/resolve.h"

#include "base/system_reason.h"
#include "io/message_socket.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace winrm::net {

namespace {

constexpr std::size_t most_addresses = 16;

struct lookup
{
    int failure = 0;
    int number = 0; ///< errno of EAI_SYSTEM
    std::vector<address> found;
};

lookup look_up(const std::string& host, std::uint16_t port, int flags)
{
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    lookup out;
    out.failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
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
    case EAI_SYSTEM: return base::file_reason(l.number); // of /etc/hosts, or of the sockets to the name servers
    default:
        return std::string("the system gives as its reason: ") + ::gai_strerror(l.failure) + " (code " +
               std::to_string(l.failure) + ")";
    }
}

result<std::vector<address>> answer(const std::string& host, const lookup& l)
{
    if (l.failure == 0 && !l.found.empty()) return take_turns(l.found);
    if (l.failure == 0 || l.failure == EAI_NONAME || l.failure == EAI_NODATA)
        return error(errc::unresolved, "there is no host named " + host + " (is it spelt right?)");
    return error(errc::unresolved, "the name " + host + " could not be looked up: " + lookup_reason(l));
}

} // namespace

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

struct resolve_operation::impl
{
    std::string host;
    std::function<void(result<std::vector<address>>)> done;
    std::optional<io::descriptor> ready; ///< readable (end of file) when the thread is through
};

resolve_operation::resolve_operation(io::loop& on, std::string host, std::uint16_t port,
                                     std::function<void(result<std::vector<address>>)> done)
    : impl_(std::make_shared<impl>())
{
    impl_->host = std::move(host);
    impl_->done = std::move(done);
    auto finish = [self = std::weak_ptr<impl>(impl_)](const lookup& l) {
        const auto me = self.lock();
        if (!me || !me->done) return;
        me->ready.reset();
        std::exchange(me->done, nullptr)(answer(me->host, l));
    };

    lookup numeric = look_up(impl_->host, port, AI_NUMERICHOST);
    if (numeric.failure == 0) {
        on.post([finish, numeric = std::move(numeric)] { finish(numeric); });
        return;
    }
    if (impl_->host.find(':') != std::string::npos) {
        on.post([self = std::weak_ptr<impl>(impl_)] {
            const auto me = self.lock();
            if (me && me->done) std::exchange(me->done, nullptr)(wrong_address(me->host));
        });
        return;
    }
    auto [here, there] = io::make_socket_pair();
    if (!here) {
        on.post([finish, number = errno] { finish({EAI_SYSTEM, number, {}}); });
        return;
    }
    struct handover
    {
        std::mutex lock;
        lookup found;
    };
    auto shared = std::make_shared<handover>();
    impl_->ready.emplace(on, here.release());
    impl_->ready->when_readable([finish, shared] {
        const std::lock_guard guard(shared->lock);
        finish(shared->found);
    });
    // The thread hands its answer over, then closes its end, which wakes the loop.
    auto work = [shared, name = impl_->host, port, end = std::move(there)]() mutable {
        auto found = look_up(name, port, AI_ADDRCONFIG);
        {
            const std::lock_guard guard(shared->lock);
            shared->found = std::move(found);
        }
        end.reset();
    };
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error& e) { // its end has closed with it
        const std::lock_guard guard(shared->lock);
        shared->found = {EAI_SYSTEM, e.code().value(), {}};
    }
}

resolve_operation::~resolve_operation() { impl_->done = nullptr; }

} // namespace winrm::net
