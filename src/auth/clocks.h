// Words for clocks that differ too much for Kerberos.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace winrm::auth {

/// "The clocks differ by 612 s …", with both times.
/// @param here, there  seconds since 1970 UTC
/// @param at  whose clock the other one is: "host", "KDC"
[[nodiscard]] std::string clock_sentence(std::int64_t here, std::int64_t there, std::string_view at = "host");

} // namespace winrm::auth
