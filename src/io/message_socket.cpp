#include "io/message_socket.h"

#include "base/secret.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>

namespace winrm::io {

namespace {

constexpr std::size_t head_size = 8;         // u32 payload bytes, u32 descriptors, both little-endian
constexpr std::size_t read_size = 64 * 1024; // one buffer per thread: a quiet socket holds none
constexpr int reads_per_turn = 8;            // then others on the loop have their turn
constexpr std::size_t kernel_max_fds = 253;  // SCM_MAX_FD
constexpr std::size_t chunk_size = 64 * 1024;

std::array<char, head_size> make_head(std::size_t payload, std::size_t fds)
{
    std::array<char, head_size> head{};
    for (std::size_t i = 0; i < 4; ++i) {
        head[i] = static_cast<char>((payload >> (8 * i)) & 0xff);
        head[4 + i] = static_cast<char>((fds >> (8 * i)) & 0xff);
    }
    return head;
}

std::uint32_t read_u32(const char* at)
{
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(at[i]);
    return value;
}

/// Bytes that wait for the kernel. Descriptors leave with the first byte, so a chunk that has some starts a frame.
struct chunk
{
    base::bytes data;
    std::size_t sent = 0;
    std::vector<unique_fd> fds;
};

/// Room for `more` bytes, and nothing left where the old ones were.
void grow_wiped(base::bytes& data, std::size_t more)
{
    if (data.capacity() - data.size() >= more) return;
    base::bytes larger;
    larger.reserve(data.size() + more);
    larger.append(data);
    base::wipe(data.data(), data.size());
    data.swap(larger);
}

/// What came with one sendmsg of the peer, so with one frame: the kernel never joins those of two.
struct arrival
{
    std::vector<unique_fd> fds;
    bool lost = false; ///< the peer sent some that found no room here
};

} // namespace

std::pair<unique_fd, unique_fd> make_socket_pair()
{
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return {};
    return {unique_fd(ends[0]), unique_fd(ends[1])};
}

struct message_socket::impl : std::enable_shared_from_this<message_socket::impl>
{
    impl(loop& l, unique_fd fd, std::size_t longest, std::size_t most)
        : on(l), file(std::in_place, l, fd.release()), max_payload(longest), max_fds(std::min(most, kernel_max_fds))
    {}

    // -- reading
    void wait_readable();
    void read_ready();
    bool read_once();
    bool take_control(msghdr& m);
    void parse(base::bytes_view data);
    bool take_head(base::bytes_view& data);
    bool deliver();
    void fail();
    void resume();

    // -- writing
    void send(base::bytes_view first, base::bytes_view second, std::vector<unique_fd> fds);
    void flush();
    bool write_chunk(chunk& c);
    void forget_chunk();
    void forget_secrets();
    ssize_t send_now(iovec* pieces, std::size_t count, const std::vector<unique_fd>& fds);
    void drained();
    void lose_output();

    [[nodiscard]] bool alive() const { return file.has_value(); }

    loop& on;
    std::optional<descriptor> file;
    std::size_t max_payload, max_fds;
    std::function<void(message)> on_message;
    std::function<void()> on_close;
    bool secret = false, started = false, paused = false, delivering = false, ended = false;

    std::array<char, head_size> head{};
    std::size_t head_have = 0, payload_size = 0, fds_wanted = 0;
    base::bytes payload;
    std::deque<arrival> fds_in; ///< not yet claimed by their frames
    base::bytes rest;           ///< read, but not delivered because of pause()

    std::deque<chunk> out;
    std::size_t out_size = 0;
    bool write_waiting = false, out_broken = false;
    std::vector<std::function<void()>> when_empty;
};

// ---- reading

void message_socket::impl::wait_readable()
{
    if (!alive() || paused || ended) return;
    file->when_readable([self = weak_from_this()] {
        if (const auto me = self.lock()) me->read_ready();
    });
}

void message_socket::impl::read_ready()
{
    const auto keep = shared_from_this(); // handlers may destroy the socket
    for (int i = 0; i < reads_per_turn; ++i)
        if (!alive() || paused || ended || !read_once()) break;
    wait_readable();
}

/// One recvmsg. @return false when there is no more for now, or no more at all.
bool message_socket::impl::read_once()
{
    alignas(cmsghdr) static thread_local char control[CMSG_SPACE(kernel_max_fds * sizeof(int))];
    static thread_local std::vector<char> buffer(read_size);

    iovec piece{buffer.data(), buffer.size()};
    msghdr m{};
    m.msg_iov = &piece;
    m.msg_iovlen = 1;
    if (max_fds != 0) { // with no room the kernel refuses to hand any over and says so
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(max_fds * sizeof(int));
    }
    ssize_t got = 0;
    do got = ::recvmsg(file->fd(), &m, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK) fail();
        return false;
    }
    if (!take_control(m) || got == 0) {
        fail();
        return false;
    }
    parse(base::bytes_view(buffer.data(), static_cast<std::size_t>(got)));
    if (secret) base::wipe(buffer.data(), static_cast<std::size_t>(got));
    return static_cast<std::size_t>(got) == buffer.size() || !fds_in.empty();
}

/// Descriptors arrive in the order of their frames, never later than their frame's last byte.
bool message_socket::impl::take_control(msghdr& m)
{
    arrival now;
    now.lost = (m.msg_flags & MSG_CTRUNC) != 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
            now.fds.emplace_back(fd);
        }
    }
    if (now.fds.empty() && !now.lost) return true;
    if (now.lost) now.fds.clear();
    fds_in.push_back(std::move(now));
    // One frame may be under way while the next one's descriptors are here already; more nobody announced.
    return max_fds != 0 && fds_in.size() <= 2;
}

void message_socket::impl::parse(base::bytes_view data)
{
    delivering = true;
    while (alive() && !ended) {
        if (paused) {
            rest.append(data);
            break;
        }
        if (head_have < head_size && !take_head(data)) break;
        const std::size_t take = std::min(data.size(), payload_size - payload.size());
        payload.append(data.substr(0, take));
        data.remove_prefix(take);
        if (payload.size() < payload_size) break;
        if (!deliver()) break;
    }
    delivering = false;
}

/// @return true when the head is whole and allowed.
bool message_socket::impl::take_head(base::bytes_view& data)
{
    const std::size_t take = std::min(data.size(), head_size - head_have);
    std::memcpy(head.data() + head_have, data.data(), take);
    head_have += take;
    data.remove_prefix(take);
    if (head_have < head_size) return false;
    payload_size = read_u32(head.data());
    fds_wanted = read_u32(head.data() + 4);
    if (payload_size > max_payload || fds_wanted > max_fds) {
        fail();
        return false;
    }
    payload.clear();
    payload.reserve(payload_size);
    return true;
}

bool message_socket::impl::deliver()
{
    message m;
    if (fds_wanted != 0) {
        const bool good = !fds_in.empty() && (fds_in.front().lost || fds_in.front().fds.size() == fds_wanted);
        if (!good) {
            fail();
            return false;
        }
        m.fds = std::move(fds_in.front().fds);
        m.fds_lost = fds_in.front().lost;
        fds_in.pop_front();
    }
    m.payload = std::move(payload);
    payload = {};
    head_have = 0;
    const auto call = on_message; // the handler may destroy us and itself
    call(std::move(m));
    return true;
}

void message_socket::impl::fail()
{
    if (ended) return;
    ended = true;
    fds_in.clear();
    forget_secrets();
    rest.clear();
    if (const auto call = std::exchange(on_close, nullptr)) call();
}

void message_socket::impl::resume()
{
    if (!paused) return;
    paused = false;
    if (!started || delivering) return; // the loop in parse() goes on
    on.post([self = weak_from_this()] {
        const auto me = self.lock();
        if (!me || !me->alive() || me->paused || me->ended) return;
        if (!me->rest.empty()) me->parse(std::exchange(me->rest, {}));
        me->wait_readable();
    });
}

// ---- writing

ssize_t message_socket::impl::send_now(iovec* pieces, std::size_t count, const std::vector<unique_fd>& fds)
{
    msghdr m{};
    m.msg_iov = pieces;
    m.msg_iovlen = count;
    alignas(cmsghdr) char control[CMSG_SPACE(kernel_max_fds * sizeof(int))];
    if (!fds.empty()) {
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        std::memset(control, 0, m.msg_controllen);
        cmsghdr* c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        for (std::size_t i = 0; i < fds.size(); ++i) {
            const int fd = fds[i].get();
            std::memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof fd);
        }
    }
    ssize_t put = 0;
    do put = ::sendmsg(file->fd(), &m, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    return put;
}

void message_socket::impl::send(base::bytes_view first, base::bytes_view second, std::vector<unique_fd> fds)
{
    const std::size_t size = first.size() + second.size();
    if (!alive() || out_broken) return;
    if (size > UINT32_MAX || fds.size() > kernel_max_fds) return lose_output();
    const auto start = make_head(size, fds.size());
    std::size_t sent = 0;
    if (out.empty()) { // the usual case: everything goes at once and nothing is copied
        iovec pieces[3] = {{const_cast<char*>(start.data()), start.size()},
                           {const_cast<char*>(first.data()), first.size()},
                           {const_cast<char*>(second.data()), second.size()}};
        const ssize_t put = send_now(pieces, 3, fds);
        if (put < 0) return lose_output();
        sent = static_cast<std::size_t>(put);
        if (sent == start.size() + size) return;
        if (sent != 0) fds.clear(); // they went with the first byte
    }
    if (out.empty() || !fds.empty() || out.back().data.size() >= chunk_size) out.emplace_back();
    chunk& last = out.back();
    if (!fds.empty()) last.fds = std::move(fds); // what is there already goes with bytes that wait
    if (secret) grow_wiped(last.data, start.size() + size - sent);
    for (const base::bytes_view piece : {base::bytes_view(start.data(), start.size()), first, second}) {
        const std::size_t skip = std::min(sent, piece.size());
        sent -= skip;
        last.data.append(piece.substr(skip));
        out_size += piece.size() - skip;
    }
    flush();
}

/// @return false when the kernel takes no more for now, or the peer is gone.
bool message_socket::impl::write_chunk(chunk& c)
{
    while (c.sent < c.data.size()) {
        iovec piece{c.data.data() + c.sent, c.data.size() - c.sent};
        const ssize_t put = send_now(&piece, 1, c.fds);
        if (put < 0) {
            lose_output();
            return false;
        }
        if (put == 0) return false;
        c.fds.clear();
        c.sent += static_cast<std::size_t>(put);
        out_size -= static_cast<std::size_t>(put);
    }
    return true;
}

void message_socket::impl::flush()
{
    if (write_waiting) return;
    while (alive() && !out.empty()) {
        if (!write_chunk(out.front())) break;
        forget_chunk();
    }
    if (!alive() || out_broken) return;
    if (out.empty()) return drained();
    write_waiting = true;
    file->when_writable([self = weak_from_this()] {
        const auto me = self.lock();
        if (!me) return;
        me->write_waiting = false;
        me->flush();
    });
}

void message_socket::impl::forget_chunk()
{
    if (secret) base::wipe(out.front().data.data(), out.front().data.size());
    out.pop_front();
}

/// What will be neither delivered nor sent.
void message_socket::impl::forget_secrets()
{
    if (!secret) return;
    base::wipe(payload.data(), payload.size());
    base::wipe(rest.data(), rest.size());
    if (!alive())
        while (!out.empty()) forget_chunk();
}

void message_socket::impl::drained()
{
    if (when_empty.empty()) return;
    // Posted, because the caller of send() does not expect to be called back from within.
    on.post([self = weak_from_this()] {
        const auto me = self.lock();
        if (!me || !me->out.empty()) return;
        for (auto& call : std::exchange(me->when_empty, {})) {
            call();
            if (!me->alive()) return;
        }
    });
}

/// The peer reads no more. What it sent before may still be waiting here, so the reading side finds the end.
void message_socket::impl::lose_output()
{
    out_broken = true;
    // Called from within a chunk of `out`: freed later.
    on.post([self = weak_from_this()] {
        const auto me = self.lock();
        if (!me || !me->alive()) return;
        while (!me->out.empty()) me->forget_chunk();
        me->out_size = 0;
        me->drained();
        ::shutdown(me->file->fd(), SHUT_WR);
    });
}

// ---- the face

message_socket::message_socket(loop& on, unique_fd fd, std::size_t max_payload, std::size_t max_fds)
    : impl_(std::make_shared<impl>(on, std::move(fd), max_payload, max_fds))
{}

message_socket::~message_socket()
{
    impl_->file.reset();
    impl_->forget_secrets();
    impl_->on_close = nullptr;
    impl_->when_empty.clear();
}

void message_socket::start(std::function<void(message)> on_message, std::function<void()> on_close)
{
    impl_->on_message = std::move(on_message);
    impl_->on_close = std::move(on_close);
    impl_->started = true;
    impl_->wait_readable();
}

void message_socket::send(base::bytes_view payload, std::vector<unique_fd> fds)
{
    impl_->send(payload, {}, std::move(fds));
}
void message_socket::send(base::bytes_view head, base::bytes_view body) { impl_->send(head, body, {}); }
std::size_t message_socket::pending() const noexcept { return impl_->out_size; }

void message_socket::when_drained(std::function<void()> call)
{
    impl_->when_empty.push_back(std::move(call));
    if (impl_->out.empty()) impl_->drained();
}

void message_socket::pause()
{
    impl_->paused = true;
    if (impl_->alive()) impl_->file->when_readable(nullptr);
}

void message_socket::wipe_after_use() { impl_->secret = true; }
void message_socket::resume() { impl_->resume(); }

} // namespace winrm::io
