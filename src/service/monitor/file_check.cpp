#include "service/monitor/file_check.h"

#include "io/unique_fd.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::monitor {

result<std::string> read_trusted_file(const std::string& path, file_secrecy secrecy, std::size_t most)
{
    const auto refuse = [](std::string why) { return winrm::error{errc::bad_config, std::move(why)}; };
    const io::unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file) return refuse(std::string{"cannot be read: "} + std::strerror(errno));
    struct stat info
    {};
    if (::fstat(file.get(), &info) != 0) return refuse(std::string{"cannot be examined: "} + std::strerror(errno));
    if (!S_ISREG(info.st_mode)) return refuse("is not a regular file");
    if (info.st_uid != 0 && info.st_uid != ::geteuid())
        return refuse("belongs to uid " + std::to_string(info.st_uid) + ": chown it to root");
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return refuse("can be written by others than its owner: chmod go-w it");
    if (secrecy == file_secrecy::secret && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refuse("can be read by others than its owner: chmod 600 it");
    std::string text;
    char piece[8192];
    for (;;) {
        const ssize_t got = ::read(file.get(), piece, sizeof piece);
        if (got == 0) return text;
        if (got < 0) return refuse(std::string{"cannot be read: "} + std::strerror(errno));
        if (text.size() + static_cast<std::size_t>(got) > most)
            return refuse("is larger than " + std::to_string(most) + " bytes");
        text.append(piece, static_cast<std::size_t>(got));
    }
}

} // namespace winrm::service::monitor
