// The secrets of logins by Kerberos and NTLM: where they are, and read for the process that needs them.
#pragma once

#include "auth/krb5/keytab.h"
#include "service/monitor/config.h"
#include "service/monitor/ntlm_accounts.h"
#include "service/monitor/settings.h"

#include <filesystem>
#include <string>
#include <vector>

namespace winrm::service::monitor {

inline constexpr const char* default_keytab = "/etc/krb5.keytab";
/// In the folder of the configuration.
inline constexpr const char* default_ntlm_accounts = "ntlm_accounts";

/// The files that need no name in [auth]. The system's keytab is one only if it can be read by us alone and has a key
/// of ours.
/// @param unusable  why the system's keytab, which is there, is none; for a warning. Not for a service that may not
/// read it: that is as usual.
[[nodiscard]] found_files find_files(const std::filesystem::path& folder, std::string& unusable);

struct keytab_file
{
    base::secret bytes;
    std::vector<std::string> names; ///< that we can be called, as "HTTP/web1.corp@CORP"; each once
};
/// @errors bad_config: read_trusted_file's, not a keytab, or no key of the services; the message begins with the file's
/// name
[[nodiscard]] result<keytab_file> read_keytab(const auth_settings& from);
/// @errors bad_config: read_trusted_file's; the message begins with the file's name
[[nodiscard]] result<ntlm_file> read_ntlm_accounts(const auth_settings& from);

} // namespace winrm::service::monitor
