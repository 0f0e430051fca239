#include "io/left_files.h"

#include "base/text.h"
#include "io/unique_fd.h"

#include <cerrno>
#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::io {
namespace {

/// One that nobody has waited for yet has gone, too.
bool lives(pid_t pid)
{
    if (::kill(pid, 0) != 0) return errno != ESRCH;
    const std::string path = "/proc/" + std::to_string(pid) + "/stat"; // "PID (NAME) STATE ..."
    const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    char text[512];
    const ssize_t got = file ? ::read(file.get(), text, sizeof text) : -1;
    const std::string_view line{text, got > 0 ? static_cast<std::size_t>(got) : 0};
    const std::size_t end = line.rfind(") ");
    return end == std::string_view::npos || end + 2 >= line.size() || (line[end + 2] != 'Z' && line[end + 2] != 'X');
}

std::optional<pid_t> maker_of(std::string_view name, const std::string& prefix)
{
    if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
    name.remove_prefix(prefix.size());
    const auto pid = base::parse_unsigned(std::string{name.substr(0, name.find('_'))});
    if (name.find('_') == std::string_view::npos || !pid || *pid == 0 || *pid > 0x7fffffff) return std::nullopt;
    return static_cast<pid_t>(*pid);
}

} // namespace

std::size_t remove_left_files(const std::string& folder, const std::string& prefix)
{
    std::size_t left = 0;
    const std::unique_ptr<DIR, int (*)(DIR*)> list{::opendir(folder.c_str()), &::closedir};
    if (!list) return left;
    const int at = ::dirfd(list.get());
    while (const dirent* entry = ::readdir(list.get())) {
        const auto pid = maker_of(entry->d_name, prefix);
        struct stat info
        {};
        if (!pid || ::fstatat(at, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) continue;
        if (lives(*pid)) ++left;
        else ::unlinkat(at, entry->d_name, 0);
    }
    return left;
}

} // namespace winrm::io
