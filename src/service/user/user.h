// The user process: owns one account's shells and their processes. Runs with that account's rights from the start and
// is the only process of the service that parses XML.
#pragma once

namespace winrm::service::user {

/// Serves until the monitor sends stop or ends; then every shell is closed and every process tree killed.
/// @param control_fd  socket to the monitor; its first frame must be wire::user_setup. Taken over.
/// @return exit status for main: 0 = stopped as requested, 1 = no valid setup came, or the monitor broke the rules.
[[nodiscard]] int run_user(int control_fd);

} // namespace winrm::service::user
