#include "service/monitor/limit_notes.h"

#include "io/small_file.h"
#include "service/monitor/cgroup_root.h"

#include <sstream>
#include <unistd.h>

namespace winrm::service::monitor {

cgroup_controllers controllers_in(const std::string& text)
{
    cgroup_controllers found;
    std::istringstream words{text};
    for (std::string word; words >> word;) {
        found.memory = found.memory || word == "memory";
        found.pids = found.pids || word == "pids";
    }
    return found;
}

cgroup_controllers offered_controllers()
{
    const std::string mount = cgroup2_mount(io::read_small_file("/proc/self/mountinfo"));
    if (::geteuid() != 0 || mount.empty() || ::access(mount.c_str(), W_OK) != 0) return {};
    return controllers_in(io::read_small_file(mount + "/cgroup.controllers"));
}

std::vector<std::string> limit_notes(const limit_settings& limits, cgroup_controllers offered)
{
    std::vector<std::string> notes;
    if (const std::uint64_t each = limits.max_processes_per_shell; each != 0 && !offered.pids) {
        const std::uint64_t shells = limits.max_shells_per_user;
        notes.push_back("max_processes_per_shell holds for an account, not for a shell: no cgroup v2 controller "
                        "\"pids\" is to be had here, so that all processes of an account together may be " +
                        std::to_string(each) + " times " + std::to_string(shells) +
                        " (max_shells_per_user) = " + std::to_string(each * shells));
    }
    if (limits.max_memory_per_shell_mb != 0 && !offered.memory) {
        notes.push_back("max_memory_per_shell_mb holds for each process, not for a shell: no cgroup v2 controller "
                        "\"memory\" is to be had here");
    }
    return notes;
}

} // namespace winrm::service::monitor
