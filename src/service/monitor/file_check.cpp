#include "service/monitor/file_check.h"

#include "io/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

/// Who can write to a folder can put another file in the place of this one; in a sticky folder (/tmp) only its owner.
/// @return what is wrong with one of those above the file, "" if nothing.
std::string folder_problem(const std::string& path, int file)
{
    char* resolved = ::realpath(path.c_str(), nullptr);
    std::string place = resolved != nullptr ? resolved : "";
    std::free(resolved);
    struct stat opened
    {
    }, named{};
    if (place.empty() || ::fstat(file, &opened) != 0 || ::stat(place.c_str(), &named) != 0 ||
        opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
        return "has been exchanged while it was read";
    while (place.size() > 1) {
        place.resize(std::max<std::size_t>(place.find_last_of('/'), 1));
        struct stat info
        {};
        if (::stat(place.c_str(), &info) != 0) return "lies in " + place + ", which cannot be examined";
        if (info.st_uid != 0 && info.st_uid != ::geteuid())
            return "lies in " + place + ", which belongs to uid " + std::to_string(info.st_uid) + ": chown it to root";
        if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (info.st_mode & S_ISVTX) == 0)
            return "lies in " + place + ", where others can put another in its place: chmod go-w " + place;
    }
    return {};
}

} // namespace

result<std::string> read_trusted_file(const std::string& path, file_secrecy secrecy, std::size_t most)
{
    const auto refuse = [](std::string why) { return winrm::error{errc::bad_config, std::move(why)}; };
    const io::unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file) return refuse(std::string{"cannot be read: "} + std::strerror(errno));
    if (std::string why = folder_problem(path, file.get()); !why.empty()) return refuse(std::move(why));
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
