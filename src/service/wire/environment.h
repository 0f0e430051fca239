// What the monitor puts into the environment of a user's process.
#pragma once

#include <string_view>

namespace winrm::service::wire {

/// Before the name of a variable of the PAM session: what a module sets (PATH,
/// GCONV_PATH) is for the commands and means nothing to the process that starts them.
inline constexpr std::string_view session_prefix = "WINRM_PAM_";

} // namespace winrm::service::wire
