// The one place where root becomes an account.
#pragma once

#include <sys/types.h>

#include <string>

namespace winrm::service::monitor {

enum class groups { of_account, kept };

/// initgroups (kept: whoever called has set the groups), setresgid, setresuid, no capability left; then root is asked
/// for again and must be refused. To be called in a child that has nothing else to lose: on failure the caller must
/// end.
/// @return "" or what went wrong. Becoming root (uid 0) as root only sets the groups.
[[nodiscard]] std::string become(const std::string& name, uid_t uid, gid_t gid, groups which = groups::of_account);

} // namespace winrm::service::monitor
