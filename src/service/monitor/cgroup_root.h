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
    /// Looks for a cgroup2 mount in /proc/self/mountinfo and for our own place in it, makes a folder of ours there
    /// (under systemd: the delegated one is used) and moves itself into a leaf, as controllers demand. Nothing found or
    /// permitted = none. Folders of monitors that were killed are removed, with what still runs in them.
    [[nodiscard]] static cgroup_root find();
    ~cgroup_root();
    cgroup_root(cgroup_root&& other) noexcept;
    cgroup_root& operator=(cgroup_root&& other) noexcept;

    [[nodiscard]] bool available() const noexcept { return !path_.empty(); }
    /// What all shells of an account may have together, and folders for them. Kept by files of ours, not the account's.
    struct ceiling
    {
        std::uint64_t memory_bytes = 0, processes = 0; ///< 0 = none
        std::size_t folders = 1024;
    };
    /// A new folder that belongs to the account, with the leaf "main" in it for the user's process itself.  "" on
    /// failure.
    [[nodiscard]] std::string make(uid_t uid, gid_t gid, const ceiling& most);
    /// Kills what is left in the folder and removes what is empty. Dying takes a moment: false means call again.
    static bool remove(const std::string& folder);
    /// Calls that until it is true, for about 0.2 s at most.
    static void remove_now(const std::string& folder);

private:
    std::string path_, home_; ///< ours; the cgroup to go back to at the end
    io::unique_fd lock_;      ///< on ours, as long as we live
    unsigned next_ = 1;
};

/// Removes folders "winrmd-PID" in `place`, owned by us, whose lock is free. @return how many.
std::size_t remove_dead_cgroups(const std::string& place);
/// Pure part. @param mountinfo  text of /proc/self/mountinfo  @return first cgroup2 mount point, "" = none.
[[nodiscard]] std::string cgroup2_mount(const std::string& mountinfo);

} // namespace winrm::service::monitor
