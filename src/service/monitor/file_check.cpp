#include "service/monitor/file_check.h"

#include "base/system_reason.h"
#include "base/text_encoding.h"
#include "io/unique_fd.h"

#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

/// Write access to a folder is enough to replace a file in it, except that of another owner in a sticky one (/tmp).
std::string problem_of_folder(const std::string& folder)
{
    struct stat info
    {};
    if (::stat(folder.c_str(), &info) != 0) return "lies in " + folder + ", which cannot be examined";
    if (info.st_uid != 0 && info.st_uid != ::geteuid())
        return "lies in " + folder + ", which belongs to uid " + std::to_string(info.st_uid) + ": chown it to root";
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (info.st_mode & S_ISVTX) == 0)
        return "lies in " + folder + ", where others can put another in its place: chmod go-w " + folder;
    return {};
}

/// Checks every folder of the path, symbolic links and the paths they lead to included.
/// @return the first problem, "" if none.
std::string problem_of_path(const std::string& path, int file)
{
    namespace fs = std::filesystem;
    std::error_code failed;
    std::deque<fs::path> ahead;
    const fs::path from = fs::absolute(path, failed);
    for (const fs::path& part : from.relative_path()) ahead.push_back(part);
    fs::path at = "/";
    for (int links = 0; !ahead.empty();) {
        const fs::path part = ahead.front();
        ahead.pop_front();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            at = at.parent_path();
            continue;
        }
        if (std::string why = problem_of_folder(at); !why.empty()) return why;
        if (!fs::is_symlink(at / part, failed)) {
            at /= part;
            continue;
        }
        // In a sticky folder any account may have made the link, and may change where it leads.
        struct stat link
        {};
        if (::lstat((at / part).c_str(), &link) == 0 && link.st_uid != 0 && link.st_uid != ::geteuid())
            return "lies behind the symbolic link " + (at / part).string() + ", which belongs to uid " +
                   std::to_string(link.st_uid);
        const fs::path to = fs::read_symlink(at / part, failed);
        if (failed || ++links > 40) return "lies behind a symbolic link that cannot be followed";
        if (to.is_absolute()) at = "/";
        const fs::path rest = to.relative_path();
        ahead.insert(ahead.begin(), rest.begin(), rest.end());
    }
    struct stat opened
    {
    }, named{};
    if (::fstat(file, &opened) != 0 || ::stat(at.c_str(), &named) != 0 || opened.st_dev != named.st_dev ||
        opened.st_ino != named.st_ino)
        return "has been exchanged while it was read";
    return {};
}

} // namespace

result<std::string> read_trusted_file(const std::string& path, file_secrecy secrecy, std::size_t most,
                                      file_content content)
{
    const auto refuse = [](std::string why) { return winrm::error{errc::bad_config, std::move(why)}; };
    const io::unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file) return refuse("cannot be read: " + base::file_reason(errno));
    if (std::string why = problem_of_path(path, file.get()); !why.empty()) return refuse(std::move(why));
    struct stat info
    {};
    if (::fstat(file.get(), &info) != 0) return refuse("cannot be examined: " + base::file_reason(errno));
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
        if (got == 0) break;
        if (got < 0) return refuse("cannot be read: " + base::file_reason(errno));
        if (text.size() + static_cast<std::size_t>(got) > most)
            return refuse("is larger than " + std::to_string(most) + " bytes");
        text.append(piece, static_cast<std::size_t>(got));
    }
    if (content == file_content::bytes) return text;
    if (const auto foreign = base::foreign_encoding(text); !foreign.empty())
        return refuse("holds " + std::string{foreign});
    text.erase(0, text.size() - base::without_mark(text).size());
    return text;
}

} // namespace winrm::service::monitor
