// Quotas and timeouts as configured (config/service and config/winrs of MS-WSMV 2.2.4). One struct, with the names of
// the configuration file, in the monitor's settings and in the setup of a user process.
#pragma once

#include <cstdint>

namespace winrm::service::wire {

/// Units in the names. The defaults are those of a configuration that says nothing.
struct quotas
{
    std::uint32_t max_envelope_kb = 500, max_timeout_ms = 60'000, max_connections = 300, body_time_s = 120;
    std::uint32_t shell_idle_s = 7'200, shell_lifetime_s = 0, enumeration_time_s = 240; ///< lifetime 0 = no end
    std::uint32_t max_users = 10, max_shells_per_user = 30, max_commands_per_shell = 15,
                  max_operations_per_user = 1'500;
    std::uint32_t max_command_line = 8'191, output_budget_kb = 1'024;
    std::uint32_t max_processes_per_shell = 0, max_memory_per_shell_mb = 0; ///< 0 = none
    bool operator==(const quotas&) const = default;
};

} // namespace winrm::service::wire
