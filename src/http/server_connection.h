// One HTTP/1.1 connection seen from the service. Pure. Knows which requests are well-formed, which need a login and
// which may be answered at once (400, 401, 404, 405, 408, 411, 413, 414, 415, 417, 431, 505, anonymous Identify);
// everything else is handed up as an opaque envelope.
#pragma once

#include "auth/policy.h"
#include "auth/server_login.h"
#include "base/duration.h"
#include "base/limits.h"
#include "crypto/digest.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace winrm::http {

struct server_options
{
    bool tls = false; ///< this connection is encrypted
    auth::policy policy;
    bool offer_basic = true;
    std::vector<std::string> token_schemes; ///< offered ahead of Basic, e.g. "Negotiate": logins with legs
    std::string identify_body;              ///< fixed envelope for the anonymous Identify, UTF-8
    base::milliseconds head_time{20'000};   ///< first byte of a request until its head is complete
    base::milliseconds body_time{120'000};  ///< MaxPacketRetrievalTimeSeconds
    base::milliseconds answer_time{0};      ///< the owner's, for an answer; then 503 and close; 0 = any
    base::milliseconds idle_time{600'000};  ///< between requests, no login yet: 1/10 of it
    int max_login_attempts = 6;             ///< per connection, then closed
};

/// Somebody must look at it; answer with login_answered(). The connection reads nothing meanwhile.
struct login_wanted : auth::login_question
{};
/// A complete request body of the logged-in user; answer with respond().
struct request_arrived
{
    std::string body;
    std::string charset;
    bool chunked = false; ///< came in chunks, which some resources do not take
};
/// Nothing more will come of this connection: flush output(), then close.
struct closing
{};
using server_event = std::variant<login_wanted, request_arrived, closing>;

class server_connection
{
public:
    /// `options` may be shared by many connections. `digest` outlives the connection.
    server_connection(std::shared_ptr<const server_options> options, const base::limits& limits,
                      const crypto::keyed_digest& digest, base::time_point now);
    server_connection(server_options options, const base::limits& limits, const crypto::keyed_digest& digest,
                      base::time_point now);
    ~server_connection();
    server_connection(server_connection&&) noexcept;
    server_connection& operator=(server_connection&&) noexcept;

    /// Bytes from the client in pieces of any size, while wants_input(), and then one piece more. What comes behind a
    /// request is kept, wiped after use, and read once that request is answered.
    void received(std::string_view data, base::time_point now);
    /// The client sends no more. A request that is complete still gets its answer, and a 100 (Continue) goes ahead of
    /// one that is not there yet: a network that finds nobody to take it says so to the owner.
    void end_of_stream(base::time_point now);
    /// The owner wants to be rid of the connection: the next answer says so and is the last one. An answer that has
    /// begun to leave stays as it is.
    void close_after_next();
    /// Next thing the front has to do, nullopt = wait for bytes.
    [[nodiscard]] std::optional<server_event> poll();

    /// Denied: 401 with all schemes. Go on: 401 with the token. Accepted: the token goes with the answer to the
    /// request, which for an empty one of a login with legs is an empty 200. Unavailable: 503.
    /// @param token  for the client, in WWW-Authenticate; "" = none
    /// @param keys   with accepted: what seals the bodies from now on
    void login_answered(auth::login_verdict verdict, base::bytes_view token, base::time_point now,
                        std::unique_ptr<auth::body_protection> keys = nullptr);
    /// status 200 or 500; `media_type` whole value. Called once per request_arrived.
    void respond(int status, std::string body, std::string_view media_type, base::time_point now);
    /// The user's process has gone: 503 and close.
    void fail(base::time_point now);

    /// Bytes to write next, empty if none; the view lives until written(). There may be more after written().
    [[nodiscard]] std::string_view output() const noexcept;
    void written(std::size_t count, base::time_point now);
    /// False while an answer is outstanding or unsent. An owner that wants to notice the end of the stream meanwhile
    /// may read on until a piece comes that is kept, then leaves further bytes in the socket (back-pressure).
    [[nodiscard]] bool wants_input() const noexcept;
    /// Bytes are kept behind the current request.
    [[nodiscard]] bool holds_input() const noexcept;

    /// When handle_timeout() wants to be called; time_point::max() = never. Time is known only from arguments.
    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);
    /// Is somebody logged in on this connection?
    [[nodiscard]] bool authenticated() const noexcept;
    /// An answer has been given and nothing has come since.
    [[nodiscard]] bool between_requests() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::http
