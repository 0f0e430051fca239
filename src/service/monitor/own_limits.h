// What the monitor changes in its own process, and gives back to those it starts.
#pragma once

#include "base/log_sink.h"
#include "service/monitor/settings.h"
#include "winrm/result.h"

#include <cstdint>

namespace winrm::service::monitor {

/// Descriptors that a process of ours needs under these settings: a front, or the monitor, whichever needs more.
[[nodiscard]] std::uint64_t open_files_needed(const settings& s) noexcept;

/// Lowers max_connections, max_parallel_logins and max_users until `have` open files are enough.
/// @return false: not even one account with a few connections could be served; nothing was changed
[[nodiscard]] bool fit_open_files(settings& s, std::uint64_t have) noexcept;

/// Raises this process's limit of open files to what the settings need, hard limit too where that is permitted, else
/// lowers the settings to what there is, with a line in the log.
/// @errors bad_config: how many are needed at least, how many there are, what to do
[[nodiscard]] result<void> arrange_open_files(settings& s, base::log_sink& log);

/// As many open files as the system allows (each connection under way costs some), no core file, and no reading of our
/// memory by others of our uid: passwords and the TLS key pass through it. Forked children have the same.
void take_own_limits();
/// For a child that becomes another program: limits as this process found them. Nothing if none were taken.
void give_back_limits();

} // namespace winrm::service::monitor
