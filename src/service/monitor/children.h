// Our child processes by number, and what to do when one has ended.
#pragma once

#include "io/loop.h"

#include <sys/types.h>

#include <functional>
#include <map>
#include <set>

namespace winrm::service::monitor {

class children
{
public:
    explicit children(io::loop& on);
    children(const children&) = delete;
    children& operator=(const children&) = delete;

    /// @param ended  called once from the loop with the status of waitpid.
    void watch(pid_t pid, std::function<void(int)> ended);
    /// From now on orphans of our descendants become our children, and are reaped. Children that are there already (of
    /// the script that became this process) are not ours.
    void adopt_orphans();
    /// Kills those that belong to the account, and then what they leave behind, until there are none. Their memory,
    /// which the account could make somebody wait for, is not looked at. Nothing for root, whose orphans may be
    /// anybody's, or as process 1, where all orphans of a container come to.
    void kill_orphans_of(uid_t uid);
    void kill(pid_t pid, int signal) const; ///< only while watched: a number is never used after its process was reaped
    [[nodiscard]] bool empty() const noexcept { return watched_.empty(); }
    /// Called once, when the last watched child has ended; at once if there is none.
    void when_empty(std::function<void()> call);
    /// At the end of everything: SIGKILL to all that are left, orphans too, and waits for them.
    void kill_all();

private:
    void reap();
    bool kill_hunted();
    std::set<uid_t> hunted_;
    std::set<pid_t> foreign_; ///< children from before
    std::map<pid_t, std::function<void(int)>> watched_;
    std::function<void()> empty_;
    io::signal_watch signal_;
};

/// fork for a child that runs our own code or execs: every signal at its default and none blocked in the child, before
/// anything else can happen there.
[[nodiscard]] pid_t fork_clean();
/// Closes every descriptor from `first` on, but one.
void close_all_from(int first, int except = -1);

} // namespace winrm::service::monitor
