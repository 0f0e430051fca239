// Resource limits that the monitor changes in its own process, and restores in those it starts.
#pragma once

#include "base/log_sink.h"
#include "service/monitor/settings.h"

#include <winrm/result.h>

#include <cstdint>

namespace winrm::service::monitor {

/// Descriptors needed under these settings by a front or by the monitor, whichever needs more.
[[nodiscard]] std::uint64_t open_files_needed(const settings& s) noexcept;

/// Lowers max_connections, max_parallel_logins and max_users until `have` open files are enough.
/// @return false: not even one account with a few connections could be served; nothing was changed
[[nodiscard]] bool fit_open_files(settings& s, std::uint64_t have) noexcept;

/// Raises this process's limit of open files to what the settings need (the hard limit too where that is permitted), or
/// lowers the settings to what is available and logs that.
/// @errors bad_config: how many are needed at least, how many there are, what to do
[[nodiscard]] result<void> arrange_open_files(settings& s, base::log_sink& log);

/// As many open files as the system allows, no core file, and not dumpable, so that others of our uid cannot read the
/// passwords and the TLS key in our memory. Forked children inherit this.
void take_own_limits();
/// For a child about to exec: restores the limits that take_own_limits() found, if it was called.
void give_back_limits();

} // namespace winrm::service::monitor
