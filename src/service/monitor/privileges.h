// The only code by which root becomes an account.
#pragma once

#include <sys/types.h>

#include <string>

namespace winrm::service::monitor {

enum class groups { of_account, kept };

/// initgroups (kept: the caller has set the groups), setresgid, setresuid, no capability left; then regaining root is
/// tried and must fail. To be called in a child made for this: on failure the caller must exit.
/// @return "" or what went wrong. Becoming root (uid 0) as root only sets the groups.
[[nodiscard]] std::string become(const std::string& name, uid_t uid, gid_t gid, groups which = groups::of_account);
/// For access to files alone: the effective ids, and no group. The account can neither signal nor look into the
/// process, which is still root's and can become it again. @return false: the caller must exit
[[nodiscard]] bool act_as(uid_t uid, gid_t gid);

} // namespace winrm::service::monitor
