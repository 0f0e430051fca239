// Length-prefixed frames over a Unix stream socket pair, with descriptors passed along (SCM_RIGHTS).
// A descriptor belongs to the frame it was sent with.
#pragma once

#include "base/bytes.h"
#include "io/loop.h"
#include "io/unique_fd.h"

#include <functional>
#include <vector>

namespace winrm::io {

/// Both ends close-on-exec. Empty ends when the kernel has none to give.
[[nodiscard]] std::pair<unique_fd, unique_fd> make_socket_pair();

class message_socket
{
public:
    struct message
    {
        base::bytes payload;
        std::vector<unique_fd> fds;
        /// Descriptors came with it that this process had no free numbers for (RLIMIT_NOFILE): they are closed, fds is
        /// empty, the connection goes on.
        bool fds_lost = false;
    };

    /// @param max_payload  a longer frame from the peer ends the connection.
    /// @param max_fds      more descriptors with one frame end the connection, 0 = none accepted.
    message_socket(loop& on, unique_fd fd, std::size_t max_payload, std::size_t max_fds);
    ~message_socket();
    message_socket(const message_socket&) = delete;
    message_socket& operator=(const message_socket&) = delete;

    /// `on_message` per frame; `on_close` once, when the peer is gone or broke the framing. Handlers may destroy the
    /// socket.
    void start(std::function<void(message)> on_message, std::function<void()> on_close);
    /// Queued; never blocks. Descriptors are closed here after they were passed.
    void send(base::bytes_view payload, std::vector<unique_fd> fds = {});
    /// Same, from two pieces that form one frame (header, body) without joining them first.
    void send(base::bytes_view head, base::bytes_view body);
    /// Bytes queued and not yet taken by the kernel.
    [[nodiscard]] std::size_t pending() const noexcept;
    void when_drained(std::function<void()> call);
    /// From now on nothing of what passes through stays behind in memory of this socket: frames carry secrets.
    void wipe_after_use();
    /// Stop reading (back-pressure) and go on.
    void pause();
    void resume();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::io
