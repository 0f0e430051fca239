#include "winrm/trace.h"

#include "base/text.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::cli {

result<std::unique_ptr<trace_file>> trace_file::open(const std::string& path)
{
    io::unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600));
    struct stat about
    {};
    if (!fd || ::fstat(fd.get(), &about) != 0 || (S_ISREG(about.st_mode) && ::fchmod(fd.get(), 0600) != 0)) {
        return error(errc::bad_argument,
                     "the trace file " + base::printable(path, 300) + " cannot be written: " + std::strerror(errno));
    }
    return std::unique_ptr<trace_file>(new trace_file(std::move(fd)));
}

std::string trace_file::stamp(int connection, char mark) const
{
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_).count();
    return std::to_string(ms) + "ms #" + std::to_string(connection) + " " + mark + " ";
}

void trace_file::write(const std::string& text) const
{
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n = ::write(fd_.get(), text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; // a full disk must not end the command that is traced
        done += static_cast<std::size_t>(n);
    }
}

void trace_file::message(char direction, int connection, base::bytes_view start_line, base::bytes_view body)
{
    std::string text = stamp(connection, direction) + base::printable(start_line, 2000) + "\n";
    if (!body.empty()) {
        text += body;
        text += '\n';
    }
    write(text + "\n");
}

void trace_file::note(int connection, base::bytes_view text)
{
    write(stamp(connection, '*') + base::printable(text, 2000) + "\n");
}

} // namespace winrm::cli
