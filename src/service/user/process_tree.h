// Finding everything a command has started, where there is no cgroup to ask: descendants of this process, which adopts
// orphans (PR_SET_CHILD_SUBREAPER), attributed to commands by ancestor, session, process group and environment marker.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace winrm::service::user {

/// Makes orphaned grandchildren our children, so that none can leave the tree.
void become_subreaper();

/// Who the children of a process are: the kernel tells (proc(5), …/children) unless it was built without that; then
/// all processes of the machine are looked at.
enum class family_from { kernel, all_processes };
[[nodiscard]] family_from best_family_source();

/// A command whose processes must all go.
struct doomed_command
{
    pid_t root = -1;          ///< first process, leader of its session; -1 = its number is somebody else's now
    bool root_reaped = false; ///< then the number counts as session and group only
    std::string mark;         ///< process_mark() in its environment
    bool found = false;       ///< out: something of it lived and took the signal
};
struct hunted
{
    bool looked = false; ///< false: /proc could not be read (no descriptors); nothing is known
    bool strays = false; ///< orphans that name no command were found
};

/// Stops, then kills every process of the doomed commands, double-forked and setsid ones too. Looks again until
/// nothing new appears (bounded). What keeps forking can be between two looks each time, so that only later calls
/// that find nothing say, with all likelihood, that it is gone.
/// @param roots   first processes of all commands alive and not yet reaped, doomed ones included.
/// @param spared  marks of the commands that stay. If there is one, orphans that left their session and name no known
///                command are spared too, because they may belong to it.
[[nodiscard]] hunted kill_commands(std::vector<doomed_command>& doomed, const std::set<pid_t>& roots,
                                   const std::set<std::string>& spared, family_from source = best_family_source());

/// Every descendant of this process, whatever it is.  @return how many were found.
std::size_t kill_all_descendants(family_from source = best_family_source());

} // namespace winrm::service::user
