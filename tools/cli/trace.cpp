#include "cli/trace.h"

#include "cli/report.h"

#include "base/system_reason.h"
#include "base/text.h"

#include <algorithm>
#include <cerrno>

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
        return error(errc::bad_argument, "the trace file " + base::printable(path, 300) +
                                             " cannot be written: " + base::file_reason(errno));
    }
    return std::unique_ptr<trace_file>(new trace_file(path, std::move(fd)));
}

std::string trace_file::stamp(int connection, char mark) const
{
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_).count();
    return std::to_string(ms) + "ms #" + std::to_string(connection) + " " + mark + " ";
}

void trace_file::write(const std::string& text)
{
    if (broken_ || write_all(fd_.get(), text)) return;
    const int why = errno;
    broken_ = true; // a full disk must not end the command that is traced
    write_all(2, "winrm: the trace file " + base::printable(path_, 300) +
                     " cannot be written: " + base::file_reason(why) + "; the rest is missing in it\n");
}

void trace_file::message(char direction, int connection, base::bytes_view head, base::bytes_view body)
{
    std::string text = stamp(connection, direction);
    bool fields = false;
    while (!head.empty()) {
        const auto end = std::min(head.find('\n'), head.size());
        const auto line = base::trim(head.substr(0, end));
        head.remove_prefix(std::min(end + 1, head.size()));
        if (line.empty()) continue;
        text += base::printable(line, 2000) + "\n";
        fields = fields || !head.empty();
    }
    if (fields) text += '\n';
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
