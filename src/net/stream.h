// A connected TCP socket, with or without TLS, on a loop. The one place where connection bytes are read and written.
#pragma once

#include "io/loop.h"
#include "io/unique_fd.h"
#include "net/tls.h"

#include <functional>
#include <optional>

namespace winrm::net {

class stream
{
public:
    /// Plain, or with TLS when a session is given (client: its handshake is started here).
    stream(io::loop& on, io::unique_fd socket, std::optional<tls_session> tls);
    ~stream();
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    /// One piece of clear bytes, valid during the call; empty + no error = end of stream. Handlers may destroy the
    /// stream. After an end or an error nothing follows.  @errors connection_lost, tls, certificate
    using data_handler = std::function<void(result<base::bytes_view>)>;
    void on_data(data_handler handler);
    /// Reading starts and stops here (back-pressure); starts paused.
    void resume_reading();
    void pause_reading();
    /// Queues clear bytes (copied or encrypted at once). They are sent in the loop's next turn, several writes
    /// together; if the stream is destroyed first, what the kernel takes without blocking is sent all the same. `done`
    /// is called when the kernel has taken everything queued so far.
    void write(base::bytes_view clear, std::function<void()> done = {});
    [[nodiscard]] std::size_t pending() const noexcept;
    /// TLS handshake done; always true without TLS.
    [[nodiscard]] bool established() const noexcept;
    /// Called once, when the TLS handshake is done; at once, from within, where it is already. The handler may destroy
    /// the stream.
    void when_established(std::function<void()> call);
    /// Nothing lies unread in the kernel, neither bytes nor an end. Asks the kernel, so it holds although the loop has
    /// not run for a while: tells whether a kept connection is still good for a request that must not be sent twice.
    [[nodiscard]] bool quiet() const noexcept;
    /// nullptr for a plain stream.
    [[nodiscard]] const tls_session* tls() const noexcept;
    /// close_notify and FIN after what is queued.
    void shutdown();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::net
