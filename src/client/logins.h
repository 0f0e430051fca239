// How a session's settings become the login of a connection, and what is told of it.
#pragma once

#include "auth/client_login.h"
#include "base/uuid.h"
#include "client/session.h"
#include "gss/password_verdicts.h"

#include <memory>
#include <optional>
#include <vector>

namespace winrm::gss {
class ticket_store;
}

namespace winrm::remote {

/// What a login over one connection is made with. A copy: a login that waits for a KDC outlives its session.
struct login_plan
{
    credentials who;
    login_scheme scheme = login_scheme::negotiate;
    std::string host;    ///< as the user named it: what a service name is made of
    std::string service; ///< session_options::service_name
    bool tls = true, always_encrypt = false, trusted_for_ntlm = false, delegate = false;
    std::size_t envelope_limit = 0;
    base::bytes_view bare{};                          ///< mechanism_login::options::bare
    base::bytes binding;                              ///< of the TLS connection; "" = none
    std::shared_ptr<gss::ticket_store> tickets;       ///< of all connections of a session
    std::shared_ptr<gss::password_verdicts> verdicts; ///< of all sessions of a context
    std::shared_ptr<std::string> service_used;        ///< is told the service name that was found
};
[[nodiscard]] login_plan plan_of(const session_options& options, bool tls);

/// Why this login must not be tried over such a connection, before a byte of it leaves. Pure.
/// @errors unencrypted_refused, no_credentials, bad_argument
[[nodiscard]] std::optional<error> forbidden(const login_plan& plan, bool allow_unencrypted);

/// What hosts have said of this user and password, where they are those of a domain ("CORP\\ada", "ada@corp.example")
/// and each host that is sent them by NTLM or Basic is another try against the account. nullptr: they are that host's
/// alone, or never sent so.
[[nodiscard]] std::shared_ptr<gss::password_verdicts::entry> domain_password(const login_plan& plan);
/// They were refused a moment ago, and only they could be sent.
[[nodiscard]] std::optional<error> refused_before(const login_plan& plan);

/// The scheme to go on with where a host offers no Negotiate: "Kerberos" or "NTLM" bare, "" if neither will do. Pure.
[[nodiscard]] base::bytes_view bare_scheme(const login_plan& plan, const std::vector<std::string>& offered);

/// Precondition: not forbidden. nullptr: anonymous.
/// `plan`'s binding is read when a login begins.
[[nodiscard]] std::shared_ptr<auth::client_login> make_login(std::shared_ptr<const login_plan> plan,
                                                             const base::random_source& random);

/// Of a login that has begun; all it knows.
[[nodiscard]] login_facts facts_of(const login_plan& plan, const auth::client_login& login, std::uint16_t port);
[[nodiscard]] std::vector<login_attempt> attempts_of(const login_plan& plan, const auth::client_login& login);

} // namespace winrm::remote
