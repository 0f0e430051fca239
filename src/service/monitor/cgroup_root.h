// A cgroup v2 folder per account, so that a command's whole process tree can be found and ended.
#pragma once

#include "io/unique_fd.h"

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace winrm::service::monitor {

class cgroup_root
{
public:
    cgroup_root() = default; ///< none
    /// Finds the cgroup2 mount (/proc/self/mountinfo) and our own cgroup in it, makes a folder there (under systemd: in
    /// the delegated cgroup) and moves itself into a leaf, as controllers require. Nothing found or permitted = none.
    /// Folders of killed monitors are removed, and what still runs in them is killed.
    [[nodiscard]] static cgroup_root find();
    ~cgroup_root();
    cgroup_root(cgroup_root&& other) noexcept;
    cgroup_root& operator=(cgroup_root&& other) noexcept;

    [[nodiscard]] bool available() const noexcept { return !path_.empty(); }
    /// Limits of all shells of an account together. Enforced by files that the account cannot write.
    struct ceiling
    {
        std::uint64_t memory_bytes = 0, processes = 0; ///< 0 = none
        std::size_t folders = 1024;
    };
    /// A new folder that belongs to the account, with the leaf "main" in it for the user process.  "" on failure.
    [[nodiscard]] std::string make(uid_t uid, gid_t gid, const ceiling& most);
    /// Kills all processes in the folder and removes what is empty. They take a moment to end: false means call again.
    static bool remove(const std::string& folder);
    /// Calls remove() until it returns true, for about 0.2 s at most.
    static void remove_now(const std::string& folder);

private:
    std::string path_, home_; ///< our folder; the cgroup to move back to at the end
    io::unique_fd lock_;      ///< on path_
    unsigned next_ = 1;
};

/// Removes folders "winrmd-PID" in `parent`, owned by us, whose lock is free. @return how many.
std::size_t remove_dead_cgroups(const std::string& parent);
/// Pure part. @param mountinfo  text of /proc/self/mountinfo  @return first cgroup2 mount point, "" = none.
[[nodiscard]] std::string cgroup2_mount(const std::string& mountinfo);

} // namespace winrm::service::monitor
