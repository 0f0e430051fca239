// What a fault means to the client: which ones are temporary, which end the shell, and the sentences for those that do
// not tell what became of the request.
#pragma once

#include "wsman/fault.h"

#include <span>

namespace winrm::shell {

/// Where to look for what a request of unknown fate has left on the host.
inline constexpr const char* look_there = " (winrm shells lists what is left)";

/// Quotas that a shell uses up by and by: Windows does not give back the operation of a text shell's command at
/// terminate (MS-WSMV appendix A, note 118). At Command they say that nothing was started, and a new shell begins anew.
[[nodiscard]] std::span<const wsman::fault_code> worn_shell_faults() noexcept;
[[nodiscard]] bool shell_is_worn(const fault_info& f) noexcept;

/// The shell counts as gone: no such shell, or its profile was unloaded.
[[nodiscard]] bool shell_is_gone(const fault_info& f) noexcept;
/// At Create: the profile of the user was just being unloaded, so that no shell was made; usually gone a moment later.
[[nodiscard]] bool profile_was_unloaded(const fault_info& f) noexcept;
/// At Send: nothing was taken, the one before is still at work.
[[nodiscard]] bool is_busy(const fault_info& f) noexcept;
/// At Send: the command has ended or is ending; Receive tells how.
[[nodiscard]] bool input_is_unwanted(const fault_info& f) noexcept;
/// The host refused the request for its size before it looked at it, so it was not taken.
[[nodiscard]] bool refused_for_size(const fault_info& f) noexcept;

/// The same error with more words at the end of its message.
[[nodiscard]] error with_more(const error& e, const std::string& words);
[[nodiscard]] error create_error(const fault_info& f);
[[nodiscard]] error command_error(const fault_info& f);

} // namespace winrm::shell
