// NTLM's three messages (MS-NLMP 2.2.1) as bytes. Reading checks every length and offset; MaxLen is ignored, as it must
// be. Texts stay in the character set of the message.
#pragma once

#include "auth/ntlm/failure.h"
#include "base/bytes.h"

#include <array>
#include <cstdint>

namespace winrm::auth::ntlm {

inline constexpr std::size_t max_message = 65'536;           ///< bytes; real ones have less than a thousand
inline constexpr std::size_t mic_size = 16, mic_offset = 72; ///< in an AUTHENTICATE, where Windows has it

/// Client to host: what the client can do. Only the flags matter; names, if given, must lie within the message.
struct negotiate_message
{
    std::uint32_t flags = 0;
};

/// Host to client. Views into the message that was read, or the caller's bytes when writing.
struct challenge_message
{
    base::bytes_view target_name;
    std::uint32_t flags = 0;
    std::array<char, 8> server_challenge{};
    base::bytes_view target_info; ///< list of AV pairs; empty if the flag says that there is none
};

/// Client to host: the proof.
struct authenticate_message
{
    base::bytes_view lm_response, nt_response, domain, user, workstation;
    base::bytes_view session_key; ///< EncryptedRandomSessionKey; empty without key exchange
    std::uint32_t flags = 0;
    /// Where the 16 bytes of the MIC are, 0 if the payload leaves no room for one. Whether they mean anything says
    /// MsvAvFlags.
    std::size_t mic_at = 0;
};

/// failure: not_ntlm, wrong_message, malformed. Then `out` is half filled.
[[nodiscard]] failure read(base::bytes_view message, negotiate_message& out);
[[nodiscard]] failure read(base::bytes_view message, challenge_message& out);
[[nodiscard]] failure read(base::bytes_view message, authenticate_message& out);

[[nodiscard]] base::bytes write(const negotiate_message& message);
[[nodiscard]] base::bytes write(const challenge_message& message);
/// With mic_at, room for the MIC is left at offset 72 and filled with zeros.
[[nodiscard]] base::bytes write(const authenticate_message& message);

} // namespace winrm::auth::ntlm
