// Our child processes by pid, and what to do when one has ended.
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
    /// Become a subreaper: orphans of our descendants become our children and are reaped. Children that exist already
    /// (of the script that became this process by exec) are left alone.
    void adopt_orphans();
    /// Kills orphans of the account, and what those leave behind, until there are none. Their memory is not read: the
    /// account could make that block. Does nothing for root, whose orphans need not be ours, or as process 1, to which
    /// all orphans of a container come.
    void kill_orphans_of(uid_t uid);
    void kill(pid_t pid, int signal) const; ///< only while watched: a pid is never used after its process was reaped
    [[nodiscard]] bool empty() const noexcept { return watched_.empty(); }
    /// Called once, when the last watched child has ended; at once if there is none.
    void when_empty(std::function<void()> call);
    /// At the very end: SIGKILL to all that are left, orphans too, and waits for them.
    void kill_all();

private:
    void reap();
    bool kill_orphans();
    std::set<uid_t> orphan_owners_; ///< whose orphans are to be killed
    std::set<pid_t> foreign_;       ///< children from before adopt_orphans()
    std::map<pid_t, std::function<void(int)>> watched_;
    std::function<void()> empty_;
    io::signal_watch signal_;
};

/// fork for a child that runs our own code or execs: in the child every signal is at its default and none is blocked
/// before anything else happens.
[[nodiscard]] pid_t fork_clean();
/// Closes every descriptor from `first` on, but one.
void close_all_from(int first, int except = -1);

} // namespace winrm::service::monitor
