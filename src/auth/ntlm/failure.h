// Why a login by NTLM went no further. For our own log and our own user: a peer is never told.
#pragma once

#include <string_view>

namespace winrm::auth::ntlm {

enum class failure {
    none,
    unavailable,             ///< this system's OpenSSL refuses MD5 (FIPS mode)
    out_of_order,            ///< a token after the end, or an answer that nobody waits for
    not_ntlm,                ///< no NTLMSSP signature
    wrong_message,           ///< another of the three messages than the one expected
    malformed,               ///< a length, an offset, a list or a text that cannot be
    weak,                    ///< without 128-bit sealing with extended session security and key exchange
    no_target_info,          ///< a challenge that can only be answered by NTLMv1
    no_timestamp,            ///< a challenge that does not let the client protect its messages
    ntlm_v1,                 ///< an NTLMv1 response
    lm_only,                 ///< an LM response and no NT response
    anonymous,               ///< neither a user nor a response
    bad_name,                ///< user or domain: not text, control characters, too long
    unknown_account,         ///< the same to a peer as wrong_password, in time too
    wrong_password,          ///< the proof is not that of the account's password
    channel_binding_missing, ///< the client did not say which TLS channel it uses, and the policy asks for it
    channel_binding_wrong,   ///< it said another one: somebody stands between
    wrong_target_name,       ///< it meant another service
    mic_missing,             ///< the policy asks for it
    mic_wrong                ///< one of the three messages was changed on the way
};

/// As it is called here; static storage.
[[nodiscard]] std::string_view name(failure reason) noexcept;
/// One sentence without full stop, for a log or an error's text.
[[nodiscard]] std::string_view words(failure reason) noexcept;

} // namespace winrm::auth::ntlm
