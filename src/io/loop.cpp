// The only file that includes Asio.
#include "io/loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>
#include <system_error>

namespace winrm::io {

namespace asio = boost::asio;
using boost::system::error_code;

/// What the system refuses, as the standard's exception: its number is for callers, who have no Boost.
template <class Make> auto with_errno(Make make)
{
    try {
        return make();
    } catch (const boost::system::system_error& e) {
        throw std::system_error(e.code().value(), std::system_category());
    }
}

// ---- loop

struct loop::impl
{
    asio::io_context context{1};
    // Asio makes its epoll, event and timer descriptors with the first I/O object. That must happen before a process
    // locks itself into a sandbox, so one object exists from the start.
    asio::steady_timer first{context};
};

loop::loop() : impl_(with_errno([] { return std::make_unique<impl>(); })) {}
loop::~loop() = default;

void loop::run()
{
    if (impl_->context.stopped()) impl_->context.restart();
    impl_->context.run();
}

bool loop::run_one()
{
    if (impl_->context.stopped()) impl_->context.restart();
    // One only: handlers that keep making each other ready must not keep the caller from looking at its own condition.
    return impl_->context.run_one() != 0;
}

void loop::stop() { impl_->context.stop(); }
void loop::post(std::function<void()> call) { asio::post(impl_->context, std::move(call)); }
base::time_point loop::now() const { return std::chrono::steady_clock::now(); }

// ---- timer

struct timer::impl
{
    explicit impl(asio::io_context& on) : wait(on) {}
    asio::steady_timer wait;
    std::function<void()> call;
    std::uint64_t setting = 0; ///< a handler already queued for an earlier setting must not call
};

timer::timer(loop& on) : impl_(std::make_shared<impl>(on.get().context)) {}
timer::~timer()
{
    if (impl_) cancel();
}
timer::timer(timer&&) noexcept = default;

timer& timer::operator=(timer&& other) noexcept
{
    if (this == &other) return *this;
    if (impl_) cancel();
    impl_ = std::move(other.impl_);
    return *this;
}

void timer::set(base::time_point when, std::function<void()> call)
{
    cancel();
    if (when == base::time_point::max()) return;
    impl_->call = std::move(call);
    impl_->wait.expires_at(when);
    impl_->wait.async_wait([self = impl_, setting = impl_->setting](error_code) {
        if (self->setting != setting || !self->call) return;
        std::exchange(self->call, nullptr)();
    });
}

void timer::set_after(base::milliseconds delay, std::function<void()> call)
{
    set(std::chrono::steady_clock::now() + delay, std::move(call));
}

void timer::cancel()
{
    ++impl_->setting;
    impl_->call = nullptr;
    impl_->wait.cancel();
}

// ---- descriptor

struct descriptor::impl : std::enable_shared_from_this<descriptor::impl>
{
    struct side
    {
        asio::posix::descriptor_base::wait_type type;
        std::function<void()> call;
        bool waiting = false;
    };

    impl(asio::io_context& on, int fd) : file(on, fd) {}

    void arm(side& s, std::function<void()> call)
    {
        s.call = std::move(call);
        if (s.call) {
            if (!s.waiting) wait(s);
        } else if (s.waiting) { // the other side's wait ends too, and renews itself
            error_code ignored;
            file.cancel(ignored);
        }
    }

    void wait(side& s)
    {
        s.waiting = true;
        file.async_wait(s.type, [self = shared_from_this(), &s](error_code ec) {
            s.waiting = false;
            if (!s.call) return;
            // Cancelled and asked for again before this handler ran: the new wish is still to be waited for.
            if (ec == asio::error::operation_aborted) return self->wait(s);
            // Any other trouble (epoll refuses regular files and /dev/null) shows itself in the read or write that
            // follows.
            std::exchange(s.call, nullptr)();
        });
    }

    void drop()
    {
        read.call = nullptr;
        write.call = nullptr;
    }

    asio::posix::stream_descriptor file;
    side read{asio::posix::descriptor_base::wait_read, {}, false};
    side write{asio::posix::descriptor_base::wait_write, {}, false};
};

namespace {

int unblocked(int fd)
{
    struct stat about
    {};
    if (::fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }
    return fd;
}

} // namespace

descriptor::descriptor(loop& on, int fd) : impl_(std::make_shared<impl>(on.get().context, unblocked(fd))) {}

descriptor::~descriptor()
{
    if (!impl_) return;
    impl_->drop();
    error_code ignored;
    impl_->file.close(ignored);
}

descriptor::descriptor(descriptor&&) noexcept = default;

descriptor& descriptor::operator=(descriptor&& other) noexcept
{
    if (this == &other) return *this;
    descriptor old(std::move(*this)); // closes what was held
    impl_ = std::move(other.impl_);
    return *this;
}

int descriptor::fd() const noexcept { return impl_->file.native_handle(); }
void descriptor::when_readable(std::function<void()> call) { impl_->arm(impl_->read, std::move(call)); }
void descriptor::when_writable(std::function<void()> call) { impl_->arm(impl_->write, std::move(call)); }

void descriptor::cancel()
{
    impl_->drop();
    error_code ignored;
    impl_->file.cancel(ignored);
}

int descriptor::release()
{
    impl_->drop();
    return impl_->file.release();
}

// ---- signal_watch

struct signal_watch::impl : std::enable_shared_from_this<signal_watch::impl>
{
    impl(asio::io_context& on, std::function<void(int)> c) : set(on), call(std::move(c)) {}

    void wait()
    {
        set.async_wait([self = shared_from_this()](error_code ec, int signo) {
            if (ec || !self->call) return;
            self->wait();
            const auto handler = self->call; // it may destroy the watch
            handler(signo);
        });
    }

    asio::signal_set set;
    std::function<void(int)> call;
};

signal_watch::signal_watch(loop& on, std::initializer_list<int> signals, std::function<void(int)> call)
    : impl_(std::make_shared<impl>(on.get().context, std::move(call)))
{
    for (const int signo : signals) impl_->set.add(signo);
    impl_->wait();
}

signal_watch::~signal_watch()
{
    impl_->call = nullptr;
    error_code ignored;
    impl_->set.clear(ignored);
    impl_->set.cancel(ignored);
}

} // namespace winrm::io
