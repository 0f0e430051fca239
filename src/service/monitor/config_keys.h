// Numbers of the [limits] table: name, member, permitted range. Documentation and parser share this list.
#pragma once

#include "service/monitor/settings.h"

#include <array>
#include <string_view>

namespace winrm::service::monitor {

struct limit_key
{
    std::string_view name;
    std::uint32_t limit_settings::*field;
    std::uint32_t least, most;
};

inline constexpr std::uint32_t week_s = 604'800;
inline constexpr std::array limit_keys{
    limit_key{"max_envelope_kb", &limit_settings::max_envelope_kb, 32, 65'536},
    limit_key{"max_timeout_ms", &limit_settings::max_timeout_ms, 500, 3'600'000},
    limit_key{"max_connections", &limit_settings::max_connections, 1, 10'000},
    limit_key{"head_time_s", &limit_settings::head_time_s, 1, 600},
    limit_key{"body_time_s", &limit_settings::body_time_s, 1, 3'600},
    limit_key{"connection_idle_s", &limit_settings::connection_idle_s, 1, 86'400},
    limit_key{"shell_idle_s", &limit_settings::shell_idle_s, 60, week_s},
    limit_key{"shell_lifetime_s", &limit_settings::shell_lifetime_s, 0, week_s},
    limit_key{"enumeration_time_s", &limit_settings::enumeration_time_s, 1, 3'600},
    limit_key{"max_users", &limit_settings::max_users, 1, 1'000},
    limit_key{"max_shells_per_user", &limit_settings::max_shells_per_user, 1, 10'000},
    limit_key{"max_commands_per_shell", &limit_settings::max_commands_per_shell, 1, 1'000},
    limit_key{"max_operations_per_user", &limit_settings::max_operations_per_user, 1, 100'000},
    limit_key{"max_command_line", &limit_settings::max_command_line, 256, 131'072},
    limit_key{"output_budget_kb", &limit_settings::output_budget_kb, 64, 65'536},
    limit_key{"max_processes_per_shell", &limit_settings::max_processes_per_shell, 0, 100'000},
    limit_key{"max_memory_per_shell_mb", &limit_settings::max_memory_per_shell_mb, 0, 1'048'576},
    limit_key{"max_parallel_logins", &limit_settings::max_parallel_logins, 1, 256},
    limit_key{"login_time_s", &limit_settings::login_time_s, 1, 120},
    limit_key{"user_process_grace_s", &limit_settings::user_process_grace_s, 1, 86'400},
    limit_key{"heartbeat_s", &limit_settings::heartbeat_s, 1, 600},
};

} // namespace winrm::service::monitor
