// Main function of winrmd-token, the process that reads the tokens of logins.
#pragma once

namespace winrm::service::token {

/// Serves the monitor at the other end of this socket until it says stop or is gone.  @return exit status
[[nodiscard]] int run_token(int control_fd);

} // namespace winrm::service::token
