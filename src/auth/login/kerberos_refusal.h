// What a host says when it does not take a Kerberos ticket (RFC 4120 5.9.1 KRB-ERROR in the frame of RFC 4121 4.1).
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace winrm::auth {

struct kerberos_refusal
{
    std::int64_t code = 0; ///< RFC 4120 7.5.9; 37: the clocks differ too much
    std::int64_t time = 0; ///< at the host, seconds since 1970 UTC
};
/// @param token  the mechanism's own, as Negotiate carries it. Nobody vouches for what it says.
[[nodiscard]] std::optional<kerberos_refusal> read_kerberos_refusal(base::bytes_view token);

/// "The clocks differ by 612 s …", with both times.
[[nodiscard]] std::string clock_sentence(std::int64_t here, std::int64_t host);

} // namespace winrm::auth
