// What `main` of winrmd calls.
#pragma once

namespace winrm::service::monitor {

/// @return exit status: 0 = done or stopped as requested, 1 = refused or failed (reason on standard error), 2 = usage.
[[nodiscard]] int run_monitor(int argc, char** argv);

} // namespace winrm::service::monitor
