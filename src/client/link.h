// One connection of a session: connect, TLS, then one HTTP exchange after the other.
#pragma once

#include "client/session.h"
#include "http/client_connection.h"
#include "net/connect.h"
#include "net/stream.h"

#include <memory>
#include <optional>

namespace winrm::gss {
class ticket_store;
}

namespace winrm::remote {

/// What a link is asked to carry.
struct exchange
{
    std::string body;                  ///< the envelope
    std::string message_id;            ///< "" = do not check RelatesTo
    base::milliseconds answer_time{0}; ///< until the answer is complete, from the moment it is sent
    bool repeatable = false;           ///< the body is kept then, so that it can be sent again
    bool urgent = false;               ///< see ask_options
    int logins_ended = 0;              ///< how often it was sent again because a connection's login had ended
    bool on_kept_connection = false;   ///< set by start(): the host may have closed it meanwhile
    session::reply_handler done;
};

class link
{
public:
    struct host_options
    {
        const session_options& session;
        const net::tls_context* tls = nullptr; ///< nullptr = plain
        bool anonymous = false;
        int number = 0;
        bool known = false;                           ///< this host has answered before
        std::shared_ptr<gss::ticket_store> tickets{}; ///< of the session
        base::bytes_view bare{};                      ///< login_plan::bare
    };
    struct handlers
    {
        /// Connected, or free for the next exchange.
        std::function<void()> ready;
        /// The exchange is over; the link may be gone right after.
        std::function<void(exchange, result<http::response>)> ended;
        /// The link cannot be used any more. Nothing is called after it.
        std::function<void(std::optional<winrm::error>)> closed;
        std::function<void(std::uint64_t sent, std::uint64_t received)> counted;
        std::function<void(int more)> requested;    ///< HTTP requests, the legs of its login among them
        std::function<void(login_facts)> logged_in; ///< once
    };
    /// @param connected  to the host already; none: it connects by itself
    link(context& in, const host_options& options, handlers h, io::unique_fd connected = {});
    ~link();
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    /// Connected, healthy and without an exchange.
    [[nodiscard]] bool idle() const noexcept;
    /// The host has closed it or given up its handshake, although the loop may not have seen that yet.
    [[nodiscard]] bool stale() const noexcept;
    [[nodiscard]] bool connecting() const noexcept;
    [[nodiscard]] base::time_point idle_since() const noexcept;
    [[nodiscard]] bool answer_begun() const noexcept;
    /// Is its login a conversation, not a word that goes with every request?
    [[nodiscard]] bool has_legs() const noexcept;
    /// Of its login, "" = anonymous.
    [[nodiscard]] base::bytes_view scheme() const noexcept;
    /// The host has heard no more of its login than the first token.
    [[nodiscard]] bool login_only_begun() const noexcept;
    /// A thread is at a step of its login: a KDC is asked.
    [[nodiscard]] bool login_blocks() const noexcept;
    /// What its login tried; nothing while a thread is at it.
    [[nodiscard]] std::vector<login_attempt> attempts() const;
    /// Precondition: idle().
    void start(exchange e);
    /// Takes back what is under way; the link is good for nothing after it.
    [[nodiscard]] std::optional<exchange> abandon();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::remote
