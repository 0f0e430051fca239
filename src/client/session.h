// A login at one host: a small pool of connections that WS-Management requests go over. What costs much (loop,
// resolver, TLS contexts) is the context's, so that a fleet can hold ten thousand of them.
#pragma once

#include "base/duration.h"
#include "base/log_sink.h"
#include "client/context.h"
#include "wsman/message.h"

#include <winrm/credentials.h>
#include <winrm/target.h>

#include <cstdint>
#include <functional>
#include <memory>

/// (The folder is client/, the namespace remote: winrm::client is the public class.)
namespace winrm::remote {

/// Decrypted conversation, secrets struck out (Authorization, stdin blocks, environment values, cookies and tokens).
class trace_sink
{
public:
    virtual ~trace_sink() = default;
    /// direction '>' to the host, '<' from it; `connection` counts from 1. `head` is the request line of what is sent,
    /// and of an answer status line and fields; or a line that says why there is no answer, and `body` what came
    /// instead.
    virtual void message(char direction, int connection, base::bytes_view head, base::bytes_view body) = 0;
    virtual void note(int connection, base::bytes_view text) = 0; ///< connected, TLS version, closed…
};

struct session_options
{
    target host;
    credentials login; ///< empty = anonymous
    login_scheme scheme = login_scheme::negotiate;
    bool always_encrypt = false; ///< bodies are sealed over TLS, too; over HTTP always but with Basic
    bool trusted_for_ntlm = false, delegate = false;
    std::string service_name;
    /// Neither scheme nor port of `host` was given: both ports are raced at the first request, TLS is taken if it
    /// answers, and session::options().host says what came of it. On the plain port only what would go to an untrusted
    /// host goes: Kerberos, or NTLM by trusted_for_ntlm; allow_unencrypted does not count.
    bool race_transport = false;
    std::uint16_t raced_tls_port = 5986, raced_plain_port = 5985;
    std::string ca_file;
    bool allow_unencrypted = false;
    base::milliseconds connect_timeout{20'000};
    base::milliseconds answer_margin{15'000}; ///< added to a request's operation timeout before it is errc::timeout
    base::limits limits;                      ///< of answers
    std::string user_agent = "OpenWinRM";
    trace_sink* trace = nullptr;     ///< outlives the session
    std::size_t max_connections = 2; ///< one more is opened when an urgent request would have to wait
};

struct ask_options
{
    /// May be sent again by itself when it is lost on a kept connection before any byte of the answer.
    bool repeatable = false;
    /// Goes before the others (Signal, Delete): what all connections are busy with may be what it is to end.
    bool urgent = false;
};

class session
{
public:
    /// @param in  outlives the session
    session(context& in, session_options options);
    ~session();
    session(session&&) noexcept;

    /// Raises session_options::max_connections to this.
    void allow_connections(std::size_t most);

    using reply_handler = std::function<void(result<wsman::incoming_reply>)>;
    /// Sends when a connection is free, opening another up to the maximum. A fault is a reply, not an error. MessageID,
    /// To, SessionId, locale and MaxEnvelopeSize are filled in here. The handler is called from the loop, never from
    /// within.
    /// @errors as winrm::client::run
    void ask(wsman::outgoing_request request, ask_options how, reply_handler done);
    /// Anonymous Identify (no Authorization, WSMANIDENTIFY header).
    void identify(reply_handler done);

    [[nodiscard]] std::uint64_t requests() const noexcept;    ///< HTTP requests sent
    [[nodiscard]] std::uint64_t connections() const noexcept; ///< connections opened
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept;
    [[nodiscard]] std::uint64_t bytes_received() const noexcept;
    /// How the latest connection logged in; no scheme before the first.
    [[nodiscard]] const login_facts& login() const noexcept;
    /// A login waits for a KDC, on a thread of its own.
    [[nodiscard]] bool login_blocks() const noexcept;
    [[nodiscard]] io::loop& loop() noexcept;
    [[nodiscard]] const session_options& options() const noexcept;
    /// Drops all connections and fails what is under way or waits with errc::cancelled.
    void close();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::remote
