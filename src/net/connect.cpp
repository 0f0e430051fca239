#include "net/connect.h"

#include "base/system_reason.h"

#include <cerrno>
#include <list>
#include <optional>

namespace winrm::net {

namespace {

/// RFC 8305 section 5, "Connection Attempt Delay".
constexpr base::milliseconds head_start{250};

std::string zone_needed(const address& to)
{
    return "a link-local address needs the network interface that leads to it: [" + to.text() +
           "%eth0], with the interface's name in place of eth0 (ip link lists them)";
}

std::string cause(int number, const address& to, std::uint16_t port)
{
    const std::string at = to.text() + " port " + std::to_string(port);
    switch (number) {
    case ECONNREFUSED: return at + " refuses the connection: " + base::network_reason(number);
    case ETIMEDOUT: return at + " does not answer (is the host up, does a firewall drop the connection?)";
    default: return at + " cannot be reached: " + (to.lacks_zone() ? zone_needed(to) : base::network_reason(number));
    }
}

} // namespace

struct connect_operation::impl : std::enable_shared_from_this<connect_operation::impl>
{
    explicit impl(resolver& r) : names(r), on(r.loop()), next_start(on), out_of_time(on) {}

    void resolved(result<std::vector<address>> found);
    void start_next();
    void try_one(const address& to);
    void failed(const address& to, int number);
    void give_up();
    void finish(result<io::unique_fd> r);

    resolver& names;
    io::loop& on;
    std::string host; ///< "" = its addresses were given
    std::uint16_t port = 0;
    std::function<void(result<io::unique_fd>)> done;
    std::optional<resolve_operation> resolving;
    std::vector<address> candidates;
    std::size_t next = 0;
    std::list<io::descriptor> trying;
    std::string first_cause;
    io::timer next_start, out_of_time;
};

void connect_operation::impl::resolved(result<std::vector<address>> found)
{
    if (!found) return finish(std::move(found).error());
    candidates = std::move(*found);
    start_next();
}

void connect_operation::impl::start_next()
{
    if (!done || next == candidates.size()) return;
    const std::size_t mine = next++;
    if (next < candidates.size())
        next_start.set_after(head_start, [self = weak_from_this()] {
            if (const auto me = self.lock()) me->start_next();
        });
    try_one(candidates[mine]);
}

void connect_operation::impl::try_one(const address& to)
{
    if (to.lacks_zone()) return failed(to, EINVAL);
    io::unique_fd fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return failed(to, errno);
    const int rc = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size);
    if (rc != 0 && errno != EINPROGRESS) return failed(to, errno);
    trying.emplace_back(on, fd.release());
    const auto at = std::prev(trying.end());
    at->when_writable([self = weak_from_this(), at, to] {
        const auto me = self.lock();
        if (!me || !me->done) return;
        int number = 0;
        socklen_t size = sizeof number;
        if (::getsockopt(at->fd(), SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
        if (number == 0) return me->finish(io::unique_fd(at->release()));
        me->trying.erase(at);
        me->failed(to, number);
    });
}

void connect_operation::impl::failed(const address& to, int number)
{
    if (first_cause.empty()) first_cause = cause(number, to, port);
    if (next < candidates.size()) {
        on.post([self = weak_from_this()] {
            if (const auto me = self.lock()) me->start_next();
        });
    } else if (trying.empty()) {
        give_up();
    }
}

void connect_operation::impl::give_up()
{
    if (!host.empty()) names.forget(host); // it may have moved
    std::string text = first_cause;
    if (candidates.size() > 1)
        text += "; " + std::to_string(candidates.size() - 1) + " more address(es) of this host failed too";
    finish(error(errc::connect, std::move(text)));
}

void connect_operation::impl::finish(result<io::unique_fd> r)
{
    const auto keep = shared_from_this();
    out_of_time.cancel();
    next_start.cancel();
    const auto call = std::exchange(done, nullptr);
    // The descriptor whose handler runs just now may be in this list: freed when the stack has unwound.
    on.post([keep] { keep->trying.clear(); });
    if (call) call(std::move(r));
}

connect_operation::connect_operation(resolver& names, std::uint16_t port, base::time_point deadline,
                                     std::function<void(result<io::unique_fd>)> done)
    : impl_(std::make_shared<impl>(names))
{
    impl_->port = port;
    impl_->done = std::move(done);
    impl_->out_of_time.set(deadline, [weak = std::weak_ptr(impl_)] {
        const auto me = weak.lock();
        if (!me) return;
        std::string text = me->candidates.empty()
                               ? "the name " + me->host + " was not resolved in time"
                               : me->candidates.front().text() + " port " + std::to_string(me->port) +
                                     " did not take the connection in time (is the host up, does a firewall drop it?)";
        me->finish(error(errc::timeout, std::move(text)));
    });
}

connect_operation::connect_operation(resolver& names, std::string host, std::uint16_t port, base::time_point deadline,
                                     std::function<void(result<io::unique_fd>)> done)
    : connect_operation(names, port, deadline, std::move(done))
{
    impl_->host = host;
    impl_->resolving.emplace(names, std::move(host), port,
                             [weak = std::weak_ptr(impl_)](result<std::vector<address>> found) {
                                 if (const auto me = weak.lock()) me->resolved(std::move(found));
                             });
}

connect_operation::connect_operation(resolver& names, std::vector<address> found, std::uint16_t port,
                                     base::time_point deadline, std::function<void(result<io::unique_fd>)> done)
    : connect_operation(names, port, deadline, std::move(done))
{
    for (address& a : found) a.set_port(port);
    impl_->candidates = std::move(found);
    impl_->on.post([weak = std::weak_ptr(impl_)] {
        if (const auto me = weak.lock()) me->start_next();
    });
}

connect_operation::~connect_operation()
{
    impl_->done = nullptr;
    impl_->resolving.reset();
    impl_->next_start.cancel();
    impl_->out_of_time.cancel();
    impl_->trying.clear();
}

} // namespace winrm::net
