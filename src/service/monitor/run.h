// What `main` of winrmd calls.
#pragma once

namespace winrm::service::monitor {

/// @return exit status: 0 = done or ended as told, 1 = refused or failed (said on standard error), 2 = wrong usage.
[[nodiscard]] int run_monitor(int argc, char** argv);

} // namespace winrm::service::monitor
