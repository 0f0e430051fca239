// One command's cgroup below its shell's (cgroup v2): everything a command starts is in it, whatever it does to leave.
#pragma once

#include "io/unique_fd.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace winrm::service::user {

/// The folder the monitor delegated; below it one folder per shell, below that one per command.
class command_groups
{
public:
    struct limits
    {
        std::uint64_t memory_bytes = 0; ///< memory.max of each shell, 0 = none
        std::uint32_t processes = 0;    ///< pids.max of each shell, 0 = none
    };
    /// @param root  writable cgroup2 folder; "" or an unusable one: available() is false.
    command_groups(std::string root, limits per_shell);
    /// Kills what is left and removes the folders that are empty by then.
    ~command_groups();
    command_groups(const command_groups&) = delete;
    command_groups& operator=(const command_groups&) = delete;

    [[nodiscard]] bool available() const noexcept { return !root_.empty(); }
    /// Does a controller enforce this here? Otherwise rlimits do.
    [[nodiscard]] bool limits_memory() const noexcept { return memory_; }
    [[nodiscard]] bool limits_processes() const noexcept { return pids_; }

    /// One command's group. Value; the path is remembered, not a descriptor.
    class group
    {
    public:
        group() = default;
        explicit operator bool() const noexcept { return !path_.empty(); }

    private:
        friend class command_groups;
        std::string path_, shell_;
    };
    /// Empty when there are no groups or the kernel refuses. Names are checked: letters, digits and '-', at most 64.
    [[nodiscard]] group make(const std::string& shell_id, const std::string& command_id);
    /// cgroup.procs, for writing.
    [[nodiscard]] static io::unique_fd open_procs(const group& g);
    /// Moves all members of `from` into `to`. @return false: the kernel does not let us, or there is no `to`
    [[nodiscard]] static bool adopt(const group& to, const group& from);
    /// SIGKILL to all members, atomically where the kernel can (5.14).
    static void kill(const group& g);
    /// Kills what is left; the folder is removed now or by a later tidy(), because processes take a moment to end.
    void release(group&& g);
    /// Removes folders that have become empty.  @return how many are left.
    std::size_t tidy();

private:
    void drop_shell(const std::string& shell);

    std::string root_;
    limits limits_;
    bool memory_ = false, pids_ = false;
    std::map<std::string, std::size_t> shells_; ///< folder → command folders below it
    std::vector<group> dying_;
};

} // namespace winrm::service::user
