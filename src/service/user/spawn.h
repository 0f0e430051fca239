// Starts a process from a plan; a failure of chdir or exec is a value.
#pragma once

#include "service/user/child_plan.h"

#include <sys/types.h>

#include <cstdint>
#include <variant>

namespace winrm::service::user {

struct spawn_handles
{
    int input = -1, output = -1, error = -1; ///< become 0, 1, 2
    int cgroup_procs = -1;                   ///< open cgroup.procs of the group to be born in, -1 = none
};
struct spawn_limits
{
    std::uint64_t data_bytes = 0; ///< RLIMIT_DATA, 0 = inherited
    std::uint64_t processes = 0;  ///< RLIMIT_NPROC, 0 = inherited
    std::uint64_t open_files = 0; ///< soft RLIMIT_NOFILE, 0 = inherited; the hard one stays
};

struct spawned
{
    pid_t pid = -1;
    bool in_group = false; ///< false: no cgroup was wanted, or the kernel did not let the child into it
};

/// The child leads a session and process group of its own, has descriptors 0 to 2 only, every signal at its default and
/// none blocked, our umask (the PAM session's, if there is one), and is killed with this process. Blocks until the
/// child has called execve, which is where the failures become known (the memory is shared until then, nothing is
/// copied).
[[nodiscard]] std::variant<spawned, shell::start_failure> spawn(const child_plan& plan, const spawn_handles& handles,
                                                                const spawn_limits& limits);

} // namespace winrm::service::user
