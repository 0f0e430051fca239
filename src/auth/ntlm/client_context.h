// The client's end of a login by NTLMv2 (MS-NLMP 3.1.5.1). Pure: time and randomness come in.
#pragma once

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/session.h"
#include "auth/ntlm/step.h"

#include <optional>
#include <string>

namespace winrm::auth::ntlm {

/// Who logs in, where. Texts are UTF-8.
struct client_login
{
    std::string user;                    ///< with an "@" for a UPN; then no domain
    std::string domain;                  ///< "" = the host's own accounts
    std::string workstation;             ///< name of this machine; "" is as good
    secret_128 nt_hash;                  ///< of the password: ntlm::nt_hash
    std::string target_name;             ///< SPN of the host as its user named it, "HTTP/web1"; "" = not told
    bool target_name_unverified = false; ///< the name came from somebody who may be lying (a redirect, a lookup)
    base::bytes channel_binding;         ///< RFC 5929 application data of this TLS connection; "" = no TLS
    /// Refuse a host whose challenge has no timestamp: the messages of the login are then not protected against changes
    /// on the way, and somebody there may have taken it away. Only Windows before Vista sends none.
    bool require_timestamp = true;
};

/// From a random generator fit for keys; never used twice.
struct client_random
{
    challenge_bytes challenge{};
    secret_128 session_key;
};

/// What the host says of itself, UTF-8. Not proven: anybody can say so.
struct host_names
{
    std::string nb_computer, nb_domain, dns_computer, dns_domain;
};

/// Two steps: step("") gives NEGOTIATE, step(CHALLENGE) gives AUTHENTICATE and is done. Whether the host takes it the
/// next layer says.
class client_context
{
public:
    client_context(client_login login, client_random random);

    /// @param token  "" at first, then the host's challenge
    /// @param now    100 ns since 1601 UTC; used only where the host names no time
    /// @errors unavailable, anonymous, bad_name; not_ntlm, wrong_message, malformed, weak, no_target_info,
    /// no_timestamp;
    ///         out_of_order. A context that failed stays so.
    [[nodiscard]] step_result step(base::bytes_view token, std::uint64_t now);

    /// Once, after done.
    [[nodiscard]] std::optional<session> take_session();
    [[nodiscard]] const host_names& host() const noexcept { return host_; }
    /// Do the messages carry a MIC? SPNEGO then must have a mechListMIC, too.
    [[nodiscard]] bool mic_sent() const noexcept { return mic_sent_; }

private:
    enum class stage { start, negotiating, ended };
    step_result begin();
    step_result answer(base::bytes_view token, std::uint64_t now);
    step_result refuse(failure reason);
    [[nodiscard]] std::optional<base::bytes> proof_pairs(const av_pairs& theirs) const;

    client_login login_;
    client_random random_;
    stage stage_ = stage::start;
    base::bytes negotiate_, user_, domain_, workstation_, target_name_; ///< the message; names in UTF-16LE
    host_names host_;
    bool mic_sent_ = false;
    std::optional<session_keys> keys_;
};

} // namespace winrm::auth::ntlm
