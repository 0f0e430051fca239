// Finding everything a command has started, where there is no cgroup to ask: descendants of this process, which adopts
// orphans (PR_SET_CHILD_SUBREAPER), attributed to commands by parent, session, process group and environment marker.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace winrm::service::user {

/// Makes orphaned grandchildren our children, so that none can leave the tree.
void become_subreaper();

/// A command whose processes must all go.
struct doomed_command
{
    pid_t root = -1;        ///< first process, leader of its session
    std::string command_id; ///< value of command_marker in its environment
};

/// Stops, then kills every process of the doomed commands, double-forked and setsid ones too. Looks again until
/// nothing new appears (bounded), because stopping takes effect between two looks.
/// @param roots   first processes of all commands alive and not yet reaped, doomed ones included.
/// @param others  are commands alive that are not doomed? Then orphans that cleared their environment and left their
///                session are spared, because they may belong to one of those.
void kill_commands(const std::vector<doomed_command>& doomed, const std::set<pid_t>& roots, bool others);

/// Every descendant of this process, whatever it is.  @return how many were found.
std::size_t kill_all_descendants();

} // namespace winrm::service::user
