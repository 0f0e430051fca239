// What the configuration file says, checked. Defaults are those of a file that says nothing but where the certificate
// is.
#pragma once

#include "base/log_sink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace winrm::service::monitor {

struct listen_address
{
    std::string address;    ///< numeric IPv4 or IPv6, or "*" for both families
    std::uint16_t port = 0; ///< 0 = any free one
    bool tls = true;
    bool operator==(const listen_address&) const = default;
};

/// Quotas and timeouts (config/service and config/winrs of MS-WSMV 2.2.4; units in the names).
struct limit_settings
{
    std::uint32_t max_envelope_kb = 500, max_timeout_ms = 60'000, max_connections = 300;
    std::uint32_t head_time_s = 20, body_time_s = 120, connection_idle_s = 600;
    std::uint32_t shell_idle_s = 7'200, shell_lifetime_s = 0, enumeration_time_s = 240;
    std::uint32_t max_users = 10, max_shells_per_user = 30, max_commands_per_shell = 15,
                  max_operations_per_user = 1'500;
    std::uint32_t max_command_line = 8'191, output_budget_kb = 1'024;
    std::uint32_t max_processes_per_shell = 0, max_memory_per_shell_mb = 0; ///< 0 = none
    std::uint32_t max_parallel_logins = 8, login_time_s = 30, user_process_grace_s = 60, heartbeat_s = 10;
    bool operator==(const limit_settings&) const = default;
};

struct settings
{
    std::vector<listen_address> listen;
    std::string certificate, key; ///< paths of PEM files; needed by TLS listeners
    std::string pam_service = "winrmd";
    std::string user_file; ///< "" = PAM
    /// Accounts must be in one of these. Unset: group "winrm" as root, and not as root whoever the user file names.
    std::optional<std::vector<std::string>> allow_groups;
    bool auth_basic = true, allow_unencrypted = false, permit_root = false;
    std::uint32_t fronts = 1;
    base::log_level log_level = base::log_level::info;
    limit_settings limits;
};

} // namespace winrm::service::monitor
