// Files of forwarded tickets: krb5cc_winrmd_PID_XXXXXX, PID being the user process that made it and removes it.
#pragma once

namespace winrm::service::wire {

inline constexpr const char* ticket_prefix = "krb5cc_winrmd_";
/// Where pam_systemd makes one for the account; gone with its last login.
inline constexpr const char* ticket_runtime_folder = "/run/user/"; // and the uid
inline constexpr const char* ticket_folder = "/tmp";               ///< elsewhere

} // namespace winrm::service::wire
