// Accounts and groups of the system. May block (NSS), so a process that serves others asks in a child.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace winrm::service::monitor {

struct account
{
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name, home, shell;
};

[[nodiscard]] std::optional<account> find_account(const std::string& name);
[[nodiscard]] std::optional<account> find_account(uid_t uid);
[[nodiscard]] bool group_exists(const std::string& name);
/// Primary and supplementary groups count.
[[nodiscard]] bool in_one_of(const account& who, const std::vector<std::string>& groups);

} // namespace winrm::service::monitor
