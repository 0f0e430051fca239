#include "io/small_file.h"

#include "base/system_reason.h"
#include "io/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

namespace winrm::io {

std::string read_small_file(const std::string& path, std::size_t most)
{
    const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    std::string text;
    char piece[8192];
    for (ssize_t got = 0; fd && text.size() < most; text.append(piece, static_cast<std::size_t>(got))) {
        got = ::read(fd.get(), piece, std::min(sizeof piece, most - text.size()));
        if (got <= 0) break;
    }
    return text;
}

result<std::string> read_whole_file(const std::string& path, std::size_t most)
{
    const auto unreadable = [](int number) {
        return error(errc::bad_config, "cannot be read: " + base::file_reason(number));
    };
    const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (!fd) return unreadable(errno);
    std::string text;
    char piece[16 * 1024];
    for (;;) {
        const ssize_t got = ::read(fd.get(), piece, sizeof piece);
        if (got == 0) return text;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(errno);
        text.append(piece, static_cast<std::size_t>(got));
        if (text.size() > most) return error(errc::bad_config, "is larger than " + std::to_string(most) + " bytes");
    }
}

bool write_small_file(const std::string& path, const std::string& text)
{
    const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::vector<pid_t> children_of_thread(pid_t process, pid_t thread)
{
    std::vector<pid_t> all;
    std::istringstream text{
        read_small_file("/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/children")};
    for (pid_t pid = 0; text >> pid;) all.push_back(pid);
    return all;
}

} // namespace winrm::io
