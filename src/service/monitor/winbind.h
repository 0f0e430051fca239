// Accounts of a domain by Samba's winbind: is this answer to an NTLM challenge right, and whose account is it here?
#pragma once

#include "base/secret.h"
#include "service/wire/frames.h"

#include <cstdint>
#include <string>

namespace winrm::service::monitor {

struct domain_verdict
{
    enum class kind {
        unavailable, ///< nothing is said about the password
        denied,
        accepted
    };
    kind what = kind::unavailable;
    std::string reason;       ///< one word for the log, "" = accepted
    std::string account;      ///< accepted: its name on this host, as winbind gives it to NSS
    base::secret session_key; ///< accepted: SessionBaseKey, 16 bytes
};

/// Asks winbindd, which asks a controller of the domain: may block. For a child made for this, which becomes
/// unprivileged for good where the system has the group "winbindd_priv", for that may ask. libwbclient is opened here
/// and nowhere else.
[[nodiscard]] domain_verdict ask_winbind(const wire::domain_response& response);

/// What a status of a controller or of winbindd (MS-ERREF 2.3.1) means: its reason for the log, never "".
/// @param name  as libwbclient writes it, for a status without a row here
[[nodiscard]] domain_verdict cause_of(std::uint32_t nt_status, const std::string& name);

/// Can libwbclient be opened? Loads it for a moment.
[[nodiscard]] bool has_winbind_library();

} // namespace winrm::service::monitor
