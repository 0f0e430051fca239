// Which per-shell limits this machine cannot count per shell: printed by --check.
#pragma once

#include "service/monitor/settings.h"

#include <string>
#include <vector>

namespace winrm::service::monitor {

/// cgroup v2 controllers that can be delegated here.
struct cgroup_controllers
{
    bool memory = false, pids = false;
};
/// None without a writable cgroup2 mount, which means without root. Under systemd the unit needs Delegate= too (ours
/// has it).
[[nodiscard]] cgroup_controllers offered_controllers();
/// Pure part. @param text  of cgroup.controllers
[[nodiscard]] cgroup_controllers controllers_in(const std::string& text);

/// One sentence for each limit that is set and has another meaning without its controller. Pure.
[[nodiscard]] std::vector<std::string> limit_notes(const limit_settings& limits, cgroup_controllers offered);

} // namespace winrm::service::monitor
