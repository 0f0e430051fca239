// Who is logged in on one connection of the service. Pure, and a table: what a request's Authorization and the verdict
// of whoever reads tokens and passwords lead to. Checks nothing itself.
//
// | state                    | no Authorization    | Authorization                                   | verdict |
// |--------------------------|---------------------|-------------------------------------------------|-----------------------|
// | anonymous                | challenge           | → asking                                        | | | asking | |
// | accepted → logged in …| |                          |                     | | go on → in legs       | | | | | others
// → anonymous    | | in legs                  | anonymous           | same scheme: the next leg; other: the first one |
// | | logged in by request     | anonymous           | the very same: goes on; else anonymous, asking  | | | logged in
// by connection  | goes on             | anonymous, asking                               |                       |
#pragma once

#include "auth/basic.h"
#include "auth/body_protection.h"
#include "crypto/digest.h"

#include <memory>
#include <string>
#include <vector>

namespace winrm::auth {

enum class login_verdict {
    denied,
    go_on, ///< another leg
    accepted,
    unavailable ///< nothing is known: it could not be checked
};

/// What has to be looked at.
struct login_question
{
    std::string scheme;            ///< as we spell it
    basic_credentials credentials; ///< Basic
    base::bytes token;             ///< any other scheme
    bool first = true;             ///< of its login: what earlier tokens of the connection came to is void
};

class server_login
{
public:
    enum class state {
        anonymous,
        asking,
        in_legs,
        by_request,   ///< each request brings the same Authorization (RFC 7617)
        by_connection ///< until the connection ends or another Authorization comes
    };
    enum class standing { nobody, attempt, logged_in };
    static constexpr int max_legs = 8; ///< tokens of one login

    /// @param digest   outlives this object; it remembers what was accepted (keyed, constant time)
    /// @param schemes  those with legs, in the order offered, each a token of RFC 9110; outlives this object
    server_login(const crypto::keyed_digest& digest, bool basic, const std::vector<std::string>& schemes);

    /// A request has come. Anything but the very same credentials, or silence on a connection that is logged in as a
    /// whole, drops who was logged in before the new ones are read.
    [[nodiscard]] standing received(const std::optional<base::secret>& authorization);
    /// After an attempt: is its scheme one with legs? Then the request is nothing but their envelope.
    [[nodiscard]] bool leg() const noexcept { return scheme_ != nullptr; }
    /// Reads the attempt. nullopt: no scheme of ours, or nothing that could be one; counts as a failure.
    [[nodiscard]] std::optional<login_question> read(const base::secret& authorization);
    /// Precondition: state asking.
    /// @param keys  with accepted: for the bodies of this connection; nullptr = left as they are
    void answered(login_verdict verdict, std::unique_ptr<body_protection> keys = nullptr);
    void drop();

    [[nodiscard]] state now() const noexcept { return state_; }
    [[nodiscard]] bool logged_in() const noexcept
    {
        return state_ == state::by_request || state_ == state::by_connection;
    }
    /// Logins that failed on this connection.
    [[nodiscard]] int failures() const noexcept { return failures_; }
    /// Lines of WWW-Authenticate, each with its line end.
    /// In legs, and after them, only their scheme.
    /// @param token  for the peer, with its scheme
    [[nodiscard]] std::string challenge(base::bytes_view token = {}) const;

    /// Of a logged-in connection. See body_protection.
    [[nodiscard]] bool seals() const noexcept { return keys_ && keys_->seals(); }
    [[nodiscard]] bool seal(message& m) { return !keys_ || keys_->seal(m); }
    [[nodiscard]] bool unseal(message& m) { return !keys_ || keys_->unseal(m); }

private:
    [[nodiscard]] const std::string* find_scheme(base::bytes_view authorization) const;

    const crypto::keyed_digest& digest_;
    const std::vector<std::string>& schemes_;
    bool basic_;
    state state_ = state::anonymous;
    crypto::keyed_digest::value given_{}; ///< of the latest Authorization; while by_request, of what was accepted
    const std::string* scheme_ = nullptr; ///< of the latest attempt; nullptr = none with legs
    std::unique_ptr<body_protection> keys_;
    int failures_ = 0, legs_ = 0;
};

} // namespace winrm::auth
