// What a fault means to the client: which ones are temporary, which end the shell, and the sentences for those that do
// not tell what became of the request.
#pragma once

#include "wsman/fault.h"

#include <span>

namespace winrm::shell {

/// Quotas that one shell uses up with its commands: Windows does not give back the operation of a text shell's command
/// at terminate (MS-WSMV appendix A, note 118). At Command: nothing was started, and a new shell has the whole quota.
[[nodiscard]] std::span<const wsman::fault_code> used_up_quota_faults() noexcept;
[[nodiscard]] bool quota_is_used_up(const fault_info& f) noexcept;

/// The shell counts as gone: no such shell, or its profile was unloaded.
[[nodiscard]] bool shell_is_gone(const fault_info& f) noexcept;
/// At Create: the profile of the user was just being unloaded, so that no shell was made; usually gone a moment later.
[[nodiscard]] bool profile_was_unloaded(const fault_info& f) noexcept;
/// At Create with CompressionType: a host without it. No shell was made.
[[nodiscard]] bool compression_is_refused(const fault_info& f) noexcept;
/// At Send: nothing was taken, the input before it is still unread.
[[nodiscard]] bool is_busy(const fault_info& f) noexcept;
/// At Send: the command has ended or is ending; Receive shows how.
[[nodiscard]] bool input_is_unwanted(const fault_info& f) noexcept;
/// The host refused the request for its size before it looked at it, so it was not taken.
[[nodiscard]] bool refused_for_size(const fault_info& f) noexcept;

/// Of Command, when the answer does not say whether it was carried out: the same error with that said.
[[nodiscard]] error command_unclear(error e);
[[nodiscard]] error create_error(const fault_info& f);
[[nodiscard]] error command_error(const fault_info& f);

} // namespace winrm::shell
