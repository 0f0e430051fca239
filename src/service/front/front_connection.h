// One client connection: stream (TLS or plain) ↔ http::server_connection ↔ monitor (logins) and user process
// (envelopes). Has no other way to a shell than the socket a successful login brings.
#pragma once

#include "base/log_sink.h"
#include "http/server_connection.h"
#include "io/message_socket.h"
#include "net/stream.h"
#include "service/front/rules.h"
#include "service/wire/frames.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace winrm::service::front {

/// What all connections of a front share; outlives them.
struct connection_context
{
    io::loop& loop;
    base::log_sink& log;
    const crypto::keyed_digest& digest;
    std::shared_ptr<const http::server_options> http, https; ///< for connections without and with TLS
    base::limits limits;
    std::size_t max_frame = 0; ///< of the socket to the user process
    std::function<void(wire::login_request&&)> ask_login;
    std::function<void(std::uint64_t)> withdraw_login; ///< nobody waits for the answer any more
    std::function<void(std::uint64_t)> changed;        ///< authenticated() is another
    std::function<void(std::uint64_t)> ended;          ///< destroy me, but not from within this call
};

class front_connection
{
public:
    front_connection(const connection_context& context, std::uint64_t number, io::unique_fd socket, std::string peer,
                     std::optional<net::tls_session> tls, std::uint32_t listener = 0);
    front_connection(const front_connection&) = delete;
    front_connection& operator=(const front_connection&) = delete;

    /// @param user  the front's end of the connection to the user's process; empty unless accepted.
    void login_answered(const wire::login_answer& answer, io::unique_fd user);
    void login_started() noexcept
    {
        if (login_ == login_check::waiting) login_ = login_check::running;
    }
    [[nodiscard]] bool authenticated() const noexcept { return http_.authenticated(); }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
    [[nodiscard]] const std::string& source() const noexcept { return source_; } ///< peer's network
    [[nodiscard]] bool login_pending() const noexcept
    {
        return login_ == login_check::waiting || login_ == login_check::running;
    }
    /// The monitor is looking at the password, which ends soon.
    [[nodiscard]] bool login_running() const noexcept { return login_ == login_check::running; }
    /// Whoever has been without a login for longer has the smaller number.
    [[nodiscard]] std::uint64_t unauthenticated_since() const noexcept { return unauthenticated_since_; }
    void unauthenticated_since(std::uint64_t turn) noexcept { unauthenticated_since_ = turn; }
    /// Its slot is needed: ends at once. Whoever waits for a login gets a 503, as far as the kernel takes it.
    void drop(base::bytes_view reason);
    /// Whose connection it is, while authenticated().
    [[nodiscard]] std::uint64_t account() const noexcept { return account_; }
    /// What it does, in the order in which connections of one account are evicted, and since when.
    enum class use { idle, waiting, other };
    [[nodiscard]] std::pair<use, base::time_point> in_use() const noexcept;
    /// Its slot is needed: ends at once between requests, else with its answer, which comes now or is a 503.
    void evict();
    /// evict() was called; its slot counts as free.
    [[nodiscard]] bool evicted() const noexcept { return evict_by_ != base::time_point::max(); }
    /// All that is left is that the client closes, too.
    [[nodiscard]] bool answered_its_last() const noexcept { return lingering_; }
    /// The client is owed an answer, or has not taken one whole.
    [[nodiscard]] bool busy() const noexcept;
    /// Since when it is between requests; nullopt = it is not.
    [[nodiscard]] std::optional<base::time_point> idle_since() const noexcept;
    /// The next answer says that it is the last one. Between requests: the connection ends now.
    void drain();
    void last_answer_next() { http_.close_after_next(); }
    /// While idle_since() has a value, or answered_its_last().
    void end_idle(base::bytes_view reason);

private:
    enum class login_check {
        none,
        in_legs, ///< the client's token is awaited
        waiting, ///< the monitor has been asked
        running  ///< and looks at it
    };
    void arrived(result<base::bytes_view> data);
    void pump();
    void handle(http::login_wanted&& event);
    void handle(http::request_arrived&& event);
    void handle(http::closing&& event);
    [[nodiscard]] std::unique_ptr<auth::body_protection> make_keys(const auth::sealing_keys& keys) const;
    [[nodiscard]] bool awaiting_reply() const noexcept { return exchange_ == exchange_state::awaiting_reply; }
    void user_frame(base::bytes&& payload);
    void user_gone();
    void write_output();
    void close_gently();
    [[nodiscard]] bool peer_gone() const;
    void arm_timer();
    void ring();
    [[nodiscard]] base::time_point deadline() const;
    void end(base::bytes_view reason);

    const connection_context& context_;
    std::string scheme_; ///< of the latest login
    std::uint64_t number_, unauthenticated_since_ = 0, account_ = 0;
    std::string peer_, source_;
    bool tls_;
    std::uint32_t listener_; ///< position in the settings
    int fd_;                 ///< of stream_
    http::server_connection http_;
    net::stream stream_;
    std::unique_ptr<io::message_socket> user_;
    io::timer timer_;
    base::time_point armed_ = base::time_point::max(), write_deadline_ = base::time_point::max();
    base::time_point look_again_ = base::time_point::max(); ///< whether a client that sends no more still listens
    base::time_point idle_since_, asked_at_{};              ///< the user's process, the latest request
    base::time_point evict_by_ = base::time_point::max();
    std::size_t writing_ = 0, discarded_ = 0;
    std::uint64_t requests_ = 0; ///< number of the latest one
    login_check login_ = login_check::none;
    exchange_state exchange_ = exchange_state::none; ///< with the user process
    bool was_authenticated_ = false;
    bool pumping_ = false, closing_ = false, lingering_ = false, end_of_stream_ = false, ended_ = false;
};

} // namespace winrm::service::front
