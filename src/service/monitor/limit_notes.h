// Which limits of shells this machine cannot count by shell: said by --check.
#pragma once

#include "service/monitor/settings.h"

#include <string>
#include <vector>

namespace winrm::service::monitor {

/// cgroup v2 controllers that can be handed down here.
struct cgroup_controllers
{
    bool memory = false, pids = false;
};
/// None without a cgroup2 mount that we may write to, as without root. Under systemd the unit needs Delegate= besides,
/// which ours has.
[[nodiscard]] cgroup_controllers offered_controllers();
/// Pure part. @param text  of cgroup.controllers
[[nodiscard]] cgroup_controllers controllers_in(const std::string& text);

/// A sentence for each limit that is set and means something else without its controller. Pure.
[[nodiscard]] std::vector<std::string> limit_notes(const limit_settings& limits, cgroup_controllers offered);

} // namespace winrm::service::monitor
