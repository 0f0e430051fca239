// A login by an exchange of tokens, one end of it: Kerberos or NTLM, alone or inside Negotiate. One object per
// connection.
#pragma once

#include "auth/message_sealer.h"
#include "base/bytes.h"

#include <memory>
#include <string>
#include <string_view>

namespace winrm::auth {

enum class mechanism_kind { kerberos, ntlm };
[[nodiscard]] std::string_view name(mechanism_kind kind) noexcept; ///< "Kerberos", "NTLM"

/// Why a login did not succeed. The words are `sentence()`.
enum class login_failure {
    none,
    not_available, ///< no library, no configuration, nothing to log in with
    no_ticket,     ///< no TGT in the cache and no password
    no_kdc,        ///< none found, or none answered
    unknown_realm,
    no_realm,        ///< the user names none, and this machine has no default
    unknown_service, ///< the realm has no such service name
    unknown_user,
    wrong_password,
    expired, ///< the password
    locked,  ///< account disabled, locked out or past its date
    clock_skew,
    ticket_refused, ///< the host could not read the ticket: another key
    no_delegation,
    not_proven,       ///< the peer did not prove that it knows the key
    bad_binding,      ///< made for another TLS channel
    bad_token,        ///< against the mechanism's rules
    too_weak,         ///< protection that is not safe was all that the peer offered
    wrong_service,    ///< made for another service
    host_chose_other, ///< nothing failed: the host preferred another mechanism
    refused,          ///< by the host, which does not say why
    other
};
[[nodiscard]] std::string_view name(login_failure failure) noexcept;
/// One plain sentence, static storage.
[[nodiscard]] std::string_view sentence(login_failure failure) noexcept;
/// May Negotiate try its next mechanism? Not where the same password would count a second time against the account, and
/// not where the account itself is refused.
[[nodiscard]] bool may_fall_back(login_failure failure) noexcept;

enum class leg_state {
    go_on,
    waiting, ///< an acceptor's only: nothing to send yet, the mechanism needs an answer from elsewhere, then resume()
    done,
    failed
};
/// What one token of the peer led to.
struct leg
{
    leg_state state = leg_state::failed;
    base::bytes token; ///< to the peer; with failed: an error token, may be sent or not
    login_failure failed = login_failure::none;
    std::string words{}; ///< with failed: a library's own text, for the user and the log; often ""
    std::string more{};  ///< with failed: a sentence that says more than `sentence()`; mostly ""
};

class login_mechanism
{
public:
    login_mechanism() = default;
    login_mechanism(const login_mechanism&) = delete;
    login_mechanism& operator=(const login_mechanism&) = delete;
    virtual ~login_mechanism() = default;

    /// The peer's token; an initiator begins with an empty one. Not called again after done or failed.
    [[nodiscard]] virtual leg step(base::bytes_view token) = 0;
    /// After waiting, when the mechanism has been told what it asked for; how, is its own affair.
    [[nodiscard]] virtual leg resume() { return {leg_state::failed, {}, login_failure::other}; }

    /// The next four only after done. Code over the list of mechanisms (RFC 4178 5), in the direction out.
    /// NTLM sets its RC4 state back to what it was before, and keeps the sequence number: the first sealed message has
    /// number 1 and the state of the MIC (MS-SPNG 3.2.5.1, 3.3.5.1).
    [[nodiscard]] virtual base::bytes sign_mechlist(base::bytes_view list) = 0;
    /// The same for the direction in. Constant time.
    [[nodiscard]] virtual bool verify_mechlist(base::bytes_view list, base::bytes_view mic) = 0;
    /// True for NTLM when its AUTHENTICATE carries a MIC: the list must be signed then (MS-SPNG 3.1.5.1, note 8).
    [[nodiscard]] virtual bool needs_mechlist_mic() const noexcept { return false; }
    /// Keys of this login, once; the mechanism is of no more use then. nullptr: no confidentiality was agreed.
    [[nodiscard]] virtual std::unique_ptr<message_sealer> take_sealer() = 0;
};

} // namespace winrm::auth
