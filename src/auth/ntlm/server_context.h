// The service's end of a login by NTLMv2 (MS-NLMP 3.2.5.1). Pure: time, randomness and accounts come in.
#pragma once

#include "auth/ntlm/message.h"
#include "auth/ntlm/session.h"
#include "auth/ntlm/step.h"
#include "auth/policy.h"

#include <optional>
#include <string>
#include <vector>

namespace winrm::auth::ntlm {

/// Of MsvAvChannelBindings (3.2.5.1.2).
using auth::binding_policy;

/// Names are at most 1024 bytes of UTF-8.
struct server_options
{
    std::string nb_computer;                        ///< NetBIOS name of this host, UTF-8
    std::string nb_domain;                          ///< "" = in no domain; then the host's name is sent
    std::string dns_computer, dns_domain, dns_tree; ///< "" = not sent
    base::bytes channel_binding;                    ///< RFC 5929 application data of this connection; "" = no TLS
    binding_policy binding = binding_policy::strict;
    bool sealing_required = true; ///< refuse a client that cannot seal; over TLS it may be a mere login
    bool mic_required = false;    ///< a MIC that the client says it sent is checked in any case
    /// SPNs that a client may have meant, compared without case; empty = any. A client that says none is taken.
    std::vector<std::string> target_names;
};

/// Whose account, UTF-8, as the client sent it. No control characters, at most 1024 bytes each.
struct account_name
{
    std::string user, domain, workstation;
};

/// What somebody who knows the account, but does not give its NT hash away, needs (winbind).
struct response_to_check
{
    challenge_bytes server_challenge;
    base::bytes nt_response, lm_response;
};

struct account_answer
{
    enum class kind {
        unknown,          ///< no such account, or one that may not log in; costs as much time as a wrong password
        nt_hash,          ///< key: MD4 of the password
        session_base_key, ///< key: the response was checked and is right
        refused           ///< it was checked and is wrong
    };
    kind what = kind::unknown;
    secret_128 key;
};

/// Proven, unless it says otherwise.
struct client_facts
{
    account_name account;
    std::string target_name;    ///< what the client meant to talk to, "" if it did not say or was not sure
    bool channel_bound = false; ///< the right channel binding was sent
    bool mic = false;           ///< the three messages arrived as they were sent
    protection agreed = protection::none;
};

/// step(NEGOTIATE) gives CHALLENGE; step(AUTHENTICATE) wants an account; resume() is done or failed.
class server_context
{
public:
    /// @param challenge  eight random bytes, never used twice
    server_context(server_options options, challenge_bytes challenge);

    /// @param now  100 ns since 1601 UTC, for the challenge
    /// @errors unavailable; not_ntlm, wrong_message, malformed, weak, ntlm_v1, lm_only, anonymous, bad_name,
    /// mic_missing;
    ///         out_of_order. A context that failed stays so.
    [[nodiscard]] step_result step(base::bytes_view token, std::uint64_t now);
    /// After account_wanted, once.
    /// @errors unknown_account, wrong_password; with the right password mic_wrong, channel_binding_missing,
    ///         channel_binding_wrong, wrong_target_name; out_of_order
    [[nodiscard]] step_result resume(account_answer account);

    /// After account_wanted.
    [[nodiscard]] const account_name& account() const noexcept { return facts_.account; }
    [[nodiscard]] response_to_check response() const;

    /// After done.
    [[nodiscard]] const client_facts& client() const noexcept { return facts_; }
    /// Once, after done.
    [[nodiscard]] std::optional<session> take_session();

private:
    enum class stage { start, challenged, account_wanted, ended };
    step_result challenge(base::bytes_view token, std::uint64_t now);
    step_result authenticate(base::bytes_view token);
    step_result refuse(failure reason);
    [[nodiscard]] base::bytes target_info(std::uint64_t now) const;
    [[nodiscard]] failure read_names(const authenticate_message& message);
    [[nodiscard]] std::optional<secret_128> check_proof(const authenticate_message& message,
                                                        const account_answer& account) const;
    failure check_pairs(const authenticate_message& message, const secret_128& session_key);

    server_options options_;
    challenge_bytes nonce_;
    stage stage_ = stage::start;
    std::uint32_t flags_ = 0;                          ///< agreed so far
    base::bytes negotiate_, challenge_, authenticate_; ///< as they went over the wire
    base::bytes user_, domain_;                        ///< UTF-16LE, as the client sent them
    client_facts facts_;
    std::optional<session_keys> keys_;
};

} // namespace winrm::auth::ntlm
