#include "service/monitor/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::monitor {

io::unique_fd lock_folder(const std::string& path)
{
    io::unique_fd folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    struct stat about
    {};
    if (!folder || ::fstat(folder.get(), &about) != 0 || about.st_uid != ::geteuid()) return {};
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) return {};
    return folder;
}

io::unique_fd make_locked_folder(const std::string& path)
{
    // Before it is locked another process's clean-up may remove it.
    for (int attempt = 0; attempt < 100; ++attempt) {
        if (::mkdir(path.c_str(), 0755) != 0) return {};
        io::unique_fd folder = lock_folder(path);
        struct stat locked
        {
        }, there{};
        if (folder && ::fstat(folder.get(), &locked) == 0 && ::stat(path.c_str(), &there) == 0 &&
            locked.st_ino == there.st_ino && locked.st_dev == there.st_dev)
            return folder;
        (void)::rmdir(path.c_str());
    }
    return {};
}

} // namespace winrm::service::monitor
