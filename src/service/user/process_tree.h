// Finding everything a command has started, where there is no cgroup: descendants of this process, a subreaper
// (PR_SET_CHILD_SUBREAPER), attributed to commands by ancestor, session, process group and environment mark.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace winrm::service::user {

/// Orphaned descendants become our children, so that none can leave the tree.
void become_subreaper();

/// Source of the children of a process: the kernel's list (proc(5), …/children), or, if it was built without that, the
/// parents of all processes of the machine.
enum class family_from { kernel, all_processes };
[[nodiscard]] family_from best_family_source();

/// A command whose processes are all to be killed.
struct kill_target
{
    pid_t root = -1;          ///< first process, leader of its session; -1 = the pid is reused
    bool root_reaped = false; ///< then the pid counts as session and group only
    std::string mark;         ///< process_mark() in its environment
    bool found = false;       ///< out: a process of it was alive and was killed
};
/// What the last scan of kill_commands() says.
struct kill_scan
{
    bool complete = false; ///< false: /proc could not be read (no descriptors); nothing is known
    bool strays = false;   ///< orphans without a known mark were found
};

/// Stops, then kills every process of these commands, double-forked and setsid ones too. Scans again until nothing new
/// appears (bounded). A process that keeps forking can slip between two scans each time, so only later calls that find
/// nothing make it likely that all have gone.
/// @param roots   first processes of all commands alive and not yet reaped, those to be killed included.
/// @param spared  marks of the commands that stay. If there is one, orphans that left their session and name no known
///                command are spared too, because they may belong to it.
[[nodiscard]] kill_scan kill_commands(std::vector<kill_target>& targets, const std::set<pid_t>& roots,
                                      const std::set<std::string>& spared, family_from source = best_family_source());

/// Every descendant of this process.  @return how many were found.
std::size_t kill_all_descendants(family_from source = best_family_source());

} // namespace winrm::service::user
