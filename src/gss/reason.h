// What the numbers of the Kerberos library mean for a login.
#pragma once

#include "auth/login_mechanism.h"

#include <cstdint>

namespace winrm::gss {

/// Where in the login the library failed: the same number means a password before, and the host's key after.
enum class stage {
    ticket, ///< credentials, and the ticket for the host
    answer, ///< the host's own token
    accept  ///< on the host: the client's token
};

/// @param major, minor  as the library gave them; the minor is an error of MIT's krb5, or a number that says nothing
[[nodiscard]] auth::login_failure reason_of(stage at, std::uint32_t major, std::uint32_t minor) noexcept;

} // namespace winrm::gss
