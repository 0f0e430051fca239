// One login by tokens, the service's end: Negotiate over the mechanisms that the settings allow, or one of them under
// its own name. Pure but for the Kerberos library.
#pragma once

#include "auth/ntlm/mechanism.h"
#include "auth/spnego/acceptor.h"
#include "gss/kerberos_acceptor.h"
#include "service/wire/frames.h"

#include <memory>

namespace winrm::service::token {

/// What logins that begin now are judged by.
struct login_rules
{
    wire::token_setup setup;
    std::shared_ptr<gss::acceptor_keys> keys; ///< nullptr = no Kerberos
};

/// 100 ns since 1601 UTC.
using wall_clock = auth::ntlm::time_source;

class token_login
{
public:
    /// @param rules  kept while the login lasts
    /// @param first  of its steps: the scheme, and the TLS channel that the login may be bound to
    token_login(std::shared_ptr<const login_rules> rules, const wire::token_step& first,
                const auth::random_source& random, wall_clock wall);

    /// Does any mechanism stand behind this scheme?
    [[nodiscard]] static bool known(const login_rules& rules, std::string_view scheme);

    /// One leg; the answer's step is left as it is. Not called again after accepted or denied.
    [[nodiscard]] wire::token_answer step(base::bytes_view token);
    /// After ask_account, in the place of step().
    /// @param account      the name here of whoever the domain says that it is
    /// @param session_key  SessionBaseKey, 16 bytes
    [[nodiscard]] wire::token_answer resume(const std::string& account, base::bytes_view session_key);
    [[nodiscard]] bool waits() const noexcept { return waits_; }

private:
    [[nodiscard]] wire::token_answer answer_to(auth::spnego::negotiate_leg&& leg);
    [[nodiscard]] wire::token_answer ask_domain();
    void tell_account(wire::token_facts& facts) const;
    [[nodiscard]] auth::ntlm::account_answer find_account(const auth::ntlm::account_name& wanted) const;
    [[nodiscard]] const wire::ntlm_account* find_row(const auth::ntlm::account_name& wanted) const;
    [[nodiscard]] std::string_view why(const auth::spnego::negotiate_leg& leg) const;
    void accept_ntlm(wire::token_answer& answer);
    void accept_kerberos(wire::token_answer& answer);

    std::shared_ptr<const login_rules> rules_;
    auth::ntlm::server_mechanism* ntlm_ = nullptr; ///< of acceptor_; nullptr = not offered
    gss::kerberos_acceptor* kerberos_ = nullptr;   ///< the same
    std::unique_ptr<auth::spnego::acceptor> acceptor_;
    std::string domain_account_; ///< as a domain knows it; "" = none was asked
    bool waits_ = false;         ///< for what a domain says
};

} // namespace winrm::service::token
