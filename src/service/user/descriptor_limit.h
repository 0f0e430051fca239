// The limit of open files: as high as the system allows, with a reserve that commands cannot use.
#pragma once

#include <cstdint>

namespace winrm::service::user {

/// While it lives, this process's soft limit of open files equals the hard one: a command holds up to three pipes, and
/// the usual soft limit of 1024 (kept for programs that call select) is less than the quotas permit.
class descriptor_limit
{
public:
    descriptor_limit();
    ~descriptor_limit();
    descriptor_limit(const descriptor_limit&) = delete;
    descriptor_limit& operator=(const descriptor_limit&) = delete;

    /// The soft limit as it was, for commands. 0 = unknown.
    [[nodiscard]] std::uint64_t before() const noexcept { return before_; }
    /// The kernel assigns the lowest free number, so refusing the last ones to commands reserves them for new
    /// connections, /proc and cgroups.
    [[nodiscard]] bool is_spare(int fd) const noexcept { return static_cast<std::uint64_t>(fd) >= first_spare_; }

private:
    std::uint64_t before_ = 0, first_spare_ = UINT64_MAX;
};

} // namespace winrm::service::user
