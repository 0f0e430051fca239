#include "service/sandbox/landlock.h"

#include "io/unique_fd.h"

#include <cstdint>
#include <sys/syscall.h>
#include <unistd.h>

namespace winrm::service::sandbox {
namespace {

/// linux/landlock.h of ABI 6. Debian's header stops at ABI 2, so the numbers stand here.
struct ruleset_attributes
{
    std::uint64_t file_access, network_access, scoped;
};

constexpr std::uint64_t bits(int count) { return (std::uint64_t{1} << count) - 1; }

ruleset_attributes everything(int abi)
{
    ruleset_attributes all{};
    all.file_access = bits(13);                 // ABI 1: execute … make_sym
    if (abi >= 2) all.file_access = bits(14);   // refer
    if (abi >= 3) all.file_access = bits(15);   // truncate
    if (abi >= 5) all.file_access = bits(16);   // ioctl on devices
    if (abi >= 4) all.network_access = bits(2); // bind and connect TCP
    if (abi >= 6) all.scoped = bits(2);         // abstract Unix sockets, signals to others
    return all;
}

std::size_t size_known_to(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

} // namespace

int deny_with_landlock()
{
    constexpr unsigned version_query = 1;
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, version_query);
    if (abi < 1) return 0;
    const int known = static_cast<int>(abi);
    const ruleset_attributes all = everything(known);
    // A rule set without rules: all that is handled is denied.
    const io::unique_fd rules{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size_known_to(known), 0U))};
    if (!rules || ::syscall(SYS_landlock_restrict_self, rules.get(), 0U) != 0) return -1;
    return known;
}

} // namespace winrm::service::sandbox
