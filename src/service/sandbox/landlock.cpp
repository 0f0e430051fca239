#include "service/sandbox/landlock.h"

#include "io/unique_fd.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>
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

/// linux/landlock.h: a rule for what lies beneath a folder, or for a file.
struct [[gnu::packed]] beneath_attributes
{
    std::uint64_t allowed;
    std::int32_t parent;
};
constexpr std::uint64_t read_file = 1U << 2, read_folder = 1U << 3;

bool allow_reading(int rules, const std::string& path)
{
    const io::unique_fd at{::open(path.c_str(), O_PATH | O_CLOEXEC)};
    struct stat info
    {};
    // Gone, or out of reach for whoever we are: nothing to allow.
    if (!at || ::fstat(at.get(), &info) != 0) return errno == ENOENT || errno == EACCES;
    const beneath_attributes rule{S_ISDIR(info.st_mode) ? read_file | read_folder : read_file, at.get()};
    constexpr int path_beneath = 1;
    return ::syscall(SYS_landlock_add_rule, rules, path_beneath, &rule, 0U) == 0;
}

} // namespace

int landlock_abi()
{
    constexpr unsigned version_query = 1;
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, version_query);
    return abi < 1 ? 0 : static_cast<int>(abi);
}

int deny_with_landlock(const std::vector<std::string>& readable)
{
    const int known = landlock_abi();
    if (known == 0) return 0;
    const ruleset_attributes all = everything(known);
    // What no rule allows, and is handled, is denied.
    const io::unique_fd rules{static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size_known_to(known), 0U))};
    for (const std::string& path : readable)
        if (rules && !allow_reading(rules.get(), path)) return -1;
    if (!rules || ::syscall(SYS_landlock_restrict_self, rules.get(), 0U) != 0) return -1;
    return known;
}

} // namespace winrm::service::sandbox
