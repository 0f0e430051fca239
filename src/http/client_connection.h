// One HTTP/1.1 connection seen from the client: one exchange at a time, login included. Pure: bytes in, bytes out.
// No XML here: bodies are opaque. It owns the login of its connection: a request is kept until its final answer has
// come, and goes again where the host wants a (new) login first.
#pragma once

#include "auth/client_login.h"
#include "base/limits.h"

#include <winrm/result.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace winrm::http {

struct response
{
    int status = 0;
    std::string head;       ///< status line and fields as they came, their last line end included
    std::string media_type; ///< lower case without parameters, "" if absent
    std::string charset;    ///< parameter, as sent
    std::string body;
    std::vector<std::string> challenges; ///< values of WWW-Authenticate
    std::string server;                  ///< Server field
    std::string location;                ///< Location field, peer's words
    std::string reason;                  ///< reason phrase, peer's words
    bool keep_alive = false;             ///< may another exchange follow on this connection?
};

struct client_options
{
    std::string host; ///< Host field: name or [v6], with port if not the default
    std::string path = "/wsman";
    std::string user_agent = "OpenWinRM";
    std::shared_ptr<auth::client_login> login;                     ///< of this connection alone; nullptr = anonymous
    std::vector<std::pair<std::string, std::string>> extra_fields; ///< e.g. WSMANIDENTIFY: unauthenticated
    std::size_t max_body = 8 * 1024 * 1024;                        ///< of an answer
};

class client_connection
{
public:
    client_connection(client_options options, const base::limits& limits);
    ~client_connection();
    client_connection(client_connection&&) noexcept;
    client_connection& operator=(client_connection&&) noexcept;

    /// Starts an exchange. Precondition: idle(). `body` is taken over and is part of output() without another copy of
    /// it where possible.
    void start(std::string body, std::string_view media_type);
    [[nodiscard]] bool idle() const noexcept;

    /// The host's token that a login that blocks must step over, once; step it where waiting harms nobody, then call
    /// token(). A login that does not block never asks.
    [[nodiscard]] std::optional<base::bytes> token_wanted();
    [[nodiscard]] const std::shared_ptr<auth::client_login>& login() const noexcept;
    /// What the step came to. Of no effect when nobody waits for it.
    void token(auth::leg step);
    /// The exchange has begun, but its request has not gone out yet, because the login comes first.
    [[nodiscard]] bool request_held_back() const noexcept;
    /// A login with legs has succeeded, and nothing has ended it.
    [[nodiscard]] bool logged_in() const noexcept;
    /// HTTP requests so far, the legs of a login among them.
    [[nodiscard]] int requests() const noexcept;
    /// Bytes of an answer to what was last sent have come.
    [[nodiscard]] bool answer_begun() const noexcept;

    /// Bytes to write next, empty if none. Valid until written() or start().
    [[nodiscard]] std::string_view output() const noexcept;
    void written(std::size_t count);

    /// Bytes from the peer, in pieces of any size. Bytes beyond the end of the answer are errc::protocol.
    void received(std::string_view data);
    /// The peer closed its side: ends a body without length, otherwise errc::connection_lost.
    void end_of_stream();

    /// The answer or the error, once; nullopt while more bytes are needed. 100-continue is skipped. After an error, or
    /// an answer with keep_alive == false, the connection must be closed.
    [[nodiscard]] std::optional<result<response>> poll();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::http
