// What the monitor puts into the environment of a user process.
#pragma once

#include <string_view>

namespace winrm::service::wire {

/// Prefix of the variables of the PAM session: what a module sets (PATH, GCONV_PATH) is for the commands and must not
/// affect the process that starts them.
inline constexpr std::string_view session_prefix = "WINRM_PAM_";

} // namespace winrm::service::wire
