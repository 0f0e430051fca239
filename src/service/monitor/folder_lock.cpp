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

} // namespace winrm::service::monitor
