#include "net/resolve.h"

#include "io/message_socket.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

namespace winrm::net {

namespace {

constexpr std::size_t most_addresses = 16;

struct lookup
{
    int failure = 0;
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

result<std::vector<address>> answer(const std::string& host, const lookup& l)
{
    if (l.failure == 0 && !l.found.empty()) return take_turns(l.found);
    switch (l.failure) {
    case EAI_NONAME:
    case EAI_NODATA: return error(errc::unresolved, "there is no host named " + host + " (is it spelt right?)");
    case EAI_AGAIN:
        return error(errc::unresolved, "the name " + host + " could not be looked up: no name server answers just now");
    default:
        return error(errc::unresolved, "the name " + host + " could not be looked up: " + ::gai_strerror(l.failure));
    }
}

} // namespace

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
    auto [here, there] = io::make_socket_pair();
    if (!here) {
        on.post([finish] { finish({EAI_SYSTEM, {}}); });
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
    std::thread([shared, name = impl_->host, port, end = std::move(there)]() mutable {
        auto found = look_up(name, port, AI_ADDRCONFIG);
        {
            const std::lock_guard guard(shared->lock);
            shared->found = std::move(found);
        }
        end.reset();
    }).detach();
}

resolve_operation::~resolve_operation() { impl_->done = nullptr; }

} // namespace winrm::net
