#include "net/stream.h"

#include "base/system_reason.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

namespace winrm::net {

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr int reads_per_turn = 8;

/// What was received, as long as it is looked at: a login may be among it, and buffers live as long as their thread.
class wiped_later
{
public:
    explicit wiped_later(base::bytes& text) : text_(text) {}
    ~wiped_later() { base::wipe(text_.data(), text_.size()); }
    wiped_later(const wiped_later&) = delete;
    wiped_later& operator=(const wiped_later&) = delete;

private:
    base::bytes& text_;
};

} // namespace

struct stream::impl : std::enable_shared_from_this<stream::impl>
{
    impl(io::loop& l, io::unique_fd socket, std::optional<tls_session> t)
        : on(l), file(std::in_place, l, socket.release()), tls(std::move(t))
    {
        const int yes = 1;
        ::setsockopt(file->fd(), IPPROTO_TCP, TCP_NODELAY, &yes,
                     sizeof yes); // refused on other kinds of socket, and no matter
    }

    [[nodiscard]] bool alive() const { return file.has_value(); }
    [[nodiscard]] bool reading() const { return !ended && (wanted || (tls && !tls->handshake_done())); }

    void wait_readable();
    void read_ready();
    bool read_once();
    void take_tls(base::bytes_view cipher);
    void end_of_file();
    void deliver(base::bytes_view clear);
    void fail(error e);
    void resume();

    void write(base::bytes_view clear, std::function<void()> done);
    bool take_tls_output();
    void push_tls_output();
    void schedule_flush();
    void flush();
    std::size_t send_now(base::bytes_view data);
    void send_queued();
    void shutdown();

    io::loop& on;
    std::optional<io::descriptor> file;
    std::optional<tls_session> tls;
    data_handler handler;
    bool wanted = false, ended = false;
    base::bytes held; ///< clear bytes that came with the end of the handshake while reading was paused

    base::bytes out;
    std::size_t out_sent = 0;              ///< of `out`
    std::uint64_t queued = 0, written = 0; ///< bytes on the wire's side, ever
    std::vector<std::pair<std::uint64_t, std::function<void()>>> marks;
    std::vector<std::function<void()>> early_marks; ///< of what waits for the TLS handshake
    std::function<void()> handshake_ended;
    bool flush_posted = false, write_waiting = false, write_broken = false, closing = false;
};

// ---- reading

void stream::impl::wait_readable()
{
    if (!alive() || !reading()) return;
    file->when_readable([self = weak_from_this()] {
        if (const auto me = self.lock()) me->read_ready();
    });
}

void stream::impl::read_ready()
{
    const auto keep = shared_from_this();
    for (int i = 0; i < reads_per_turn; ++i)
        if (!alive() || !reading() || !read_once()) break;
    wait_readable();
}

bool stream::impl::read_once()
{
    // One buffer for all streams of the thread: a quiet connection holds none.
    static thread_local std::vector<char> buffer(read_size);
    ssize_t got = 0;
    do got = ::recv(file->fd(), buffer.data(), buffer.size(), 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
        fail(error(errc::connection_lost, errno == ECONNRESET
                                              ? "the connection was reset by the other side"
                                              : "the connection was lost: " + base::network_reason(errno)));
        return false;
    }
    if (got == 0) {
        end_of_file();
        return false;
    }
    const base::bytes_view data(buffer.data(), static_cast<std::size_t>(got));
    if (tls) take_tls(data);
    else deliver(data);
    if (!tls) base::wipe(buffer.data(), data.size());
    return data.size() == buffer.size();
}

void stream::impl::take_tls(base::bytes_view cipher)
{
    static thread_local base::bytes clear;
    clear.clear();
    const wiped_later wipe{clear};
    const bool before = tls->handshake_done();
    auto read = tls->received(cipher, clear);
    if (!before && tls->handshake_done() && closing) tls->close(); // shutdown() waited for this
    push_tls_output();                                             // handshake, or the alert that tells the peer why
    if (!before && tls->handshake_done()) {
        for (auto& done : std::exchange(early_marks, {})) marks.emplace_back(queued, std::move(done));
        if (const auto call = std::exchange(handshake_ended, {})) call();
        if (!alive()) return;
    }
    if (!clear.empty()) {
        if (wanted) {
            deliver(clear);
            if (!alive()) return;
        } else {
            held.append(clear);
        }
    }
    if (!read) return fail(std::move(read).error());
    if (tls->peer_closed()) deliver({});
}

void stream::impl::end_of_file()
{
    // Without close_notify anybody on the way could have cut the connection (RFC 8446 section 6.1).
    if (tls && !tls->peer_closed())
        return fail(error(errc::connection_lost, tls->handshake_done()
                                                     ? "the connection was closed without TLS's own end"
                                                     : "the connection was closed during the TLS handshake"));
    deliver({});
}

/// Empty = end of stream.
void stream::impl::deliver(base::bytes_view clear)
{
    if (ended) return;
    if (clear.empty()) ended = true;
    const auto call = handler; // it may destroy us
    if (call) call(clear);
}

void stream::impl::fail(error e)
{
    if (ended) return;
    ended = true;
    const auto call = handler;
    if (call) call(std::move(e));
}

void stream::impl::resume()
{
    if (wanted) return;
    wanted = true;
    if (held.empty()) return wait_readable();
    on.post([self = weak_from_this()] {
        const auto me = self.lock();
        if (!me || !me->alive() || !me->wanted) return;
        base::bytes waited = std::exchange(me->held, {});
        const wiped_later wipe{waited};
        me->deliver(waited);
        me->wait_readable();
    });
}

// ---- writing

void stream::impl::write(base::bytes_view clear, std::function<void()> done)
{
    if (!alive() || write_broken || closing) return;
    if (tls) {
        if (auto sealed = tls->send(clear); !sealed) {
            on.post([self = weak_from_this(), e = std::move(sealed).error()] {
                if (const auto me = self.lock(); me && me->alive()) me->fail(e);
            });
            return;
        }
        take_tls_output();
    } else {
        queued += clear.size();
        out.append(clear.substr(write_waiting || !out.empty() ? 0 : send_now(clear)));
    }
    if (done) {
        if (tls && !tls->handshake_done()) early_marks.push_back(std::move(done));
        else marks.emplace_back(queued, std::move(done));
    }
    // Most messages are one write: hand it to the kernel now. Handlers are called from the loop only.
    if (!write_waiting) send_queued();
    if (write_broken || !out.empty() || !marks.empty()) schedule_flush();
}

bool stream::impl::take_tls_output()
{
    if (!tls->has_output()) return false;
    base::bytes more = tls->take_output();
    queued += more.size();
    if (out.empty()) out = std::move(more);
    else out.append(more);
    return true;
}

void stream::impl::push_tls_output()
{
    if (take_tls_output()) schedule_flush();
}

void stream::impl::schedule_flush()
{
    if (flush_posted || write_waiting) return;
    flush_posted = true;
    on.post([self = weak_from_this()] {
        const auto me = self.lock();
        if (!me) return;
        me->flush_posted = false;
        me->flush();
    });
}

/// @return how much of it the kernel takes now; all of it where nobody reads any more. Calls no handler.
std::size_t stream::impl::send_now(base::bytes_view data)
{
    std::size_t sent = 0;
    while (sent < data.size()) {
        ssize_t put = 0;
        do put = ::send(file->fd(), data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
        while (put < 0 && errno == EINTR);
        if (put < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK) break;
            write_broken = true;
            return data.size();
        }
        sent += static_cast<std::size_t>(put);
        written += static_cast<std::uint64_t>(put);
    }
    return sent;
}

/// The same with what waits.
void stream::impl::send_queued()
{
    if (!write_broken) out_sent += send_now(base::bytes_view(out).substr(out_sent));
    if (out_sent == out.size()) {
        base::bytes{}.swap(out); // gives the memory back: most connections are quiet most of the time
        out_sent = 0;
    } else if (out_sent >= 1024 * 1024) {
        out.erase(0, out_sent);
        out_sent = 0;
    }
}

void stream::impl::flush()
{
    const auto keep = shared_from_this();
    if (!alive()) return;
    send_queued();
    if (write_broken) {
        marks.clear();
        early_marks.clear();
        // What the peer sent before it went may still be here and say why: the reading side finds the end by itself.
        if (!reading()) fail(error(errc::connection_lost, "the connection was closed by the other side"));
        return;
    }
    while (alive() && !marks.empty() && marks.front().first <= written) {
        const auto done = std::move(marks.front().second);
        marks.erase(marks.begin());
        done();
    }
    if (!alive()) return;
    if (!out.empty()) {
        if (write_waiting) return;
        write_waiting = true;
        file->when_writable([self = weak_from_this()] {
            const auto me = self.lock();
            if (!me) return;
            me->write_waiting = false;
            me->flush();
        });
    } else if (closing && (!tls || tls->handshake_done())) {
        ::shutdown(file->fd(), SHUT_WR);
    }
}

void stream::impl::shutdown()
{
    if (closing || !alive()) return;
    if (tls) {
        tls->close();
        push_tls_output();
    }
    closing = true;
    schedule_flush();
}

// ---- public interface

stream::stream(io::loop& on, io::unique_fd socket, std::optional<tls_session> tls)
    : impl_(std::make_shared<impl>(on, std::move(socket), std::move(tls)))
{
    if (!impl_->tls) return;
    // A server's start only waits; a failure to start is reported to the handler like every other.
    if (auto started = impl_->tls->start(); !started)
        on.post([self = std::weak_ptr<impl>(impl_), e = std::move(started).error()] {
            if (const auto me = self.lock(); me && me->alive()) me->fail(e);
        });
    impl_->push_tls_output();
    impl_->wait_readable();
}

stream::~stream()
{
    if (!impl_->write_broken && !impl_->out.empty()) impl_->send_queued();
    impl_->file.reset();
    impl_->handler = nullptr;
    impl_->marks.clear();
    impl_->early_marks.clear();
}

void stream::on_data(data_handler handler) { impl_->handler = std::move(handler); }
void stream::resume_reading() { impl_->resume(); }

void stream::pause_reading()
{
    impl_->wanted = false;
    if (impl_->alive() && !impl_->reading()) impl_->file->when_readable(nullptr);
}

void stream::write(base::bytes_view clear, std::function<void()> done) { impl_->write(clear, std::move(done)); }
std::size_t stream::pending() const noexcept { return impl_->out.size() - impl_->out_sent; }
bool stream::established() const noexcept { return !impl_->tls || impl_->tls->handshake_done(); }
void stream::when_established(std::function<void()> call)
{
    if (established()) return call();
    impl_->handshake_ended = std::move(call);
}
bool stream::quiet() const noexcept
{
    char next = 0;
    return !impl_->ended && ::recv(impl_->file->fd(), &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

const tls_session* stream::tls() const noexcept { return impl_->tls ? &*impl_->tls : nullptr; }
void stream::shutdown() { impl_->shutdown(); }

} // namespace winrm::net
