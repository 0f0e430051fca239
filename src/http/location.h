// The address in a Location or Refresh field, in parts. Pure.
#pragma once

#include "base/bytes.h"

namespace winrm::http {

/// Where a redirection leads, in its parts: "https://", "ada:pw", "web2/x", "?t=1". The second and the last may be
/// secrets. Views into the argument.
struct location_parts
{
    base::bytes_view scheme, login, address, rest;
};
/// Never fails. What breaks the rules of RFC 3986 but some parsers would read as a login counts as one.
[[nodiscard]] location_parts split_location(base::bytes_view location);

} // namespace winrm::http
