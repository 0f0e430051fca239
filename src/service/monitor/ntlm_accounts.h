// Accounts of logins by NTLM: "[DOMAIN\]USER:HASH" a line, the hash as 32 hexadecimal digits. Whoever reads such a hash
// can log in with it: nothing of one is ever shown.
#pragma once

#include "base/secret.h"
#include "crypto/secret_128.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

inline constexpr std::size_t max_ntlm_file = 2 * 1024 * 1024;
inline constexpr std::size_t max_ntlm_accounts = 20'000; ///< what a frame takes (wire/frame_fields.h)

struct ntlm_entry
{
    std::string user;   ///< the account's name on this host
    std::string domain; ///< "" = whatever the client says
    base::secret nt_hash;
};
struct ntlm_problem
{
    unsigned line = 0, column = 0; ///< from 1, bytes
    std::string what;              ///< cause and remedy
};
struct ntlm_file
{
    std::vector<ntlm_entry> accounts; ///< of the lines that are right
    std::vector<ntlm_problem> problems;
};

/// Empty lines and lines that begin with '#' are skipped. Names are compared without case, as NTLM does.
[[nodiscard]] ntlm_file parse_ntlm_file(std::string_view lines);

/// The text with this account's line made new where it stands, or behind all others. Everything else stays as it is.
/// @param name  "USER" or "DOMAIN\USER". nullopt: not a name that such a file can have.
[[nodiscard]] std::optional<base::secret> with_ntlm_account(std::string_view lines, const std::string& name,
                                                            const crypto::secret_128& nt_hash);
/// The text without it. nullopt: it has no line.
[[nodiscard]] std::optional<base::secret> without_ntlm_account(std::string_view lines, const std::string& name);

} // namespace winrm::service::monitor
