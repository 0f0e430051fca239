#include "io/small_file.h"

#include "io/unique_fd.h"

#include <algorithm>
#include <fcntl.h>
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

bool write_small_file(const std::string& path, const std::string& text)
{
    const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

} // namespace winrm::io
