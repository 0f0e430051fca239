// RFC 7617 Basic, both roles. Pure.
#pragma once

#include "base/secret.h"

#include <optional>

namespace winrm::auth {

struct basic_credentials
{
    std::string user;
    base::secret password;
};

/// "Basic <base64(user:password)>". The result holds the password: keep it in a secret.
/// Precondition: no colon in the user (RFC 7617 2), or the service reads another user and another password.
[[nodiscard]] base::secret make_basic(base::bytes_view user, base::bytes_view password);
/// Value of an Authorization field. nullopt: other scheme, bad base64, no colon, user or password longer than 1024
/// bytes, NUL or control characters, not UTF-8, an empty user, white space inside the base64.
[[nodiscard]] std::optional<basic_credentials> parse_basic(base::bytes_view authorization);

} // namespace winrm::auth
