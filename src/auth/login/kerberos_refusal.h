// What tokens of Kerberos say in the clear (RFC 4120 in the frame of RFC 4121 4.1): the realm of the service that a
// ticket is for, and why a host does not take one (KRB-ERROR).
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

/// Of a client's first token, an AP-REQ (RFC 4120 5.5.1): the realm of its ticket, which the KDC chose.
/// @return "": no such token
[[nodiscard]] std::string ticket_realm(base::bytes_view token);

} // namespace winrm::auth
