// What a host says in WWW-Authenticate (one line for each scheme, or joined by commas).
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <vector>

namespace winrm::auth {

/// Scheme names in the order offered, each once, spelt as usual ("Negotiate", "Kerberos", "Basic", "CredSSP", "NTLM",
/// others as sent). Fields = values of all WWW-Authenticate lines.
[[nodiscard]] std::vector<std::string> offered_schemes(const std::vector<std::string>& fields);

/// What a host says to one scheme.
struct challenge
{
    enum class kind {
        absent,
        bare, ///< offered, or refused
        token,
        malformed ///< not base64
    };
    kind what = kind::absent;
    base::bytes token; ///< decoded
};
/// The first element of this scheme that holds a token, else whether there is any. Parameters are no token.
[[nodiscard]] challenge find_challenge(const std::vector<std::string>& fields, base::bytes_view scheme);

/// Base64 as one word of a header field, no white space inside. nullopt: it is not, or it is empty.
[[nodiscard]] std::optional<base::bytes> decode_token(base::bytes_view text);

} // namespace winrm::auth
