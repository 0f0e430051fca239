// The contents of the configuration file, checked. Defaults are those of a file that names only the certificate.
#pragma once

#include "auth/policy.h"
#include "base/log_sink.h"
#include "service/wire/quotas.h"

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
    std::optional<auth::binding_policy> channel_binding{}; ///< unset: that of [auth]
    bool operator==(const listen_address&) const = default;
};

/// The [limits] table: what a user process is given too, and what concerns monitor and fronts only.
struct limit_settings : wire::quotas
{
    std::uint32_t head_time_s = 20, connection_idle_s = 600;
    std::uint32_t max_parallel_logins = 8, login_time_s = 30, user_process_grace_s = 60, heartbeat_s = 10;
    bool operator==(const limit_settings&) const = default;
};

/// The [auth] table. What is unset is on where the files for it are there.
struct auth_settings
{
    std::optional<bool> negotiate, kerberos, ntlm;
    std::string keytab, ntlm_accounts; ///< paths; "" = none
    bool winbind = false;              ///< NTLM: accounts that are not in ntlm_accounts are the domain's
    std::vector<std::string> services{"HTTP", "host", "WSMAN"}; ///< names that a ticket may be for
    /// Of TLS listeners. Unset: strict for NTLM, relaxed for Kerberos.
    std::optional<auth::binding_policy> channel_binding;

    [[nodiscard]] bool kerberos_on() const { return kerberos.value_or(!keytab.empty()); }
    [[nodiscard]] bool ntlm_on() const { return ntlm.value_or(!ntlm_accounts.empty() || winbind); }
    /// Schemes of logins by tokens, in the order offered.
    [[nodiscard]] std::vector<std::string> schemes() const
    {
        std::vector<std::string> out;
        if (negotiate.value_or(true) && (kerberos_on() || ntlm_on())) out.emplace_back("Negotiate");
        if (kerberos_on()) out.emplace_back("Kerberos");
        if (ntlm_on()) out.emplace_back("NTLM");
        return out;
    }
};

/// The [powershell] table.
struct powershell_settings
{
    std::string program; ///< absolute, or a name for the PATH of the login; "" = "pwsh"
    bool warm_spare = false;
};

struct settings
{
    std::vector<listen_address> listen;
    std::string certificate, key; ///< paths of PEM files; needed by TLS listeners
    std::string pam_service = "winrmd";
    std::string user_file; ///< "" = PAM
    /// Accounts must be in one of these. Unset: group "winrm" as root; not as root, all of the user file.
    std::optional<std::vector<std::string>> allow_groups;
    bool auth_basic = true, allow_unencrypted = false, permit_root = false;
    auth_settings auth;
    powershell_settings powershell;
    std::uint32_t fronts = 1;
    base::log_level log_level = base::log_level::info;
    limit_settings limits;
};

} // namespace winrm::service::monitor
