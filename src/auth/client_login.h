// How a client proves who it is, on one connection.
#pragma once

#include "auth/body_protection.h"
#include "auth/login_mechanism.h"
#include "base/secret.h"

namespace winrm::auth {

/// Either it has no legs and its Authorization goes with every request (Basic), or it is a conversation of tokens that
/// logs one connection in. Sealing begins when step() has said done.
class client_login : public body_protection
{
public:
    /// As it stands in Authorization and WWW-Authenticate: "Basic", "Negotiate". Static storage.
    [[nodiscard]] virtual base::bytes_view scheme() const noexcept = 0;
    /// For the user: what was asked for, which may be one mechanism of Negotiate's. Static storage.
    [[nodiscard]] virtual base::bytes_view shown_name() const noexcept { return scheme(); }
    /// Whole value of Authorization for each request; "" = this login has legs.
    [[nodiscard]] virtual base::bytes_view authorization() const noexcept { return {}; }

    /// May step() wait for others (a KDC, a file)? Then it is called away from the loop.
    [[nodiscard]] virtual bool blocks() const noexcept { return false; }
    /// One leg. An empty token begins anew, whatever came before.
    [[nodiscard]] virtual leg step(base::bytes_view) { return {}; }
    /// The host may accept the token that step() has just made, and the request may go with it unsealed: saves an
    /// exchange. After done it always goes along.
    [[nodiscard]] virtual bool request_may_go() const noexcept { return false; }
};

/// RFC 7617: the login with no legs.
class basic_login final : public client_login
{
public:
    /// Precondition: no colon in the user.
    basic_login(base::bytes_view user, base::bytes_view password);
    [[nodiscard]] base::bytes_view scheme() const noexcept override { return "Basic"; }
    [[nodiscard]] base::bytes_view authorization() const noexcept override { return value_.reveal(); }

private:
    base::secret value_;
};

} // namespace winrm::auth
