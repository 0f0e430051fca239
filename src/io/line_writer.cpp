#include "io/line_writer.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace winrm::io {
namespace {

bool has_room(int fd, int milliseconds)
{
    pollfd asked{fd, POLLOUT, 0};
    return ::poll(&asked, 1, milliseconds) == 1;
}

} // namespace

line_writer::line_writer(int fd, std::size_t most) : fd_(fd), most_(most)
{
    struct stat about
    {};
    if (::fstat(fd, &about) != 0) return;
    const int flags = ::fcntl(fd, F_GETFL);
    if (S_ISSOCK(about.st_mode)) way_ = way::socket;
    else if ((S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)) && flags >= 0 && (flags & O_NONBLOCK) == 0)
        way_ = way::ask_first;
}

void line_writer::write(std::string line, weight w)
{
    bool begun = false; // then it has to be kept, or the next one would stand in the middle of it
    if (flush()) {
        const outcome got = push(line);
        if (got == outcome::failed) ++lost_;
        if (got != outcome::later) return;
        begun = done_ != 0;
    }
    if (!begun && size_ + line.size() > (w == weight::heavy ? most_ : most_ / 2)) {
        ++lost_;
        return;
    }
    size_ += line.size();
    waiting_.push_back(std::move(line));
}

bool line_writer::flush()
{
    while (!waiting_.empty()) {
        const outcome got = push(waiting_.front());
        if (got == outcome::later) return false;
        if (got == outcome::failed) ++lost_;
        size_ -= waiting_.front().size();
        waiting_.pop_front();
    }
    return true;
}

/// From the byte on that comes next.
line_writer::outcome line_writer::push(const std::string& line)
{
    while (done_ < line.size()) {
        const char* from = line.data() + done_;
        const std::size_t size = line.size() - done_;
        if (way_ == way::ask_first && !has_room(fd_, 0)) return outcome::later;
        const ssize_t got =
            way_ == way::socket ? ::send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL) : ::write(fd_, from, size);
        if (got >= 0) {
            done_ += static_cast<std::size_t>(got);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return outcome::later;
        done_ = 0;
        return outcome::failed;
    }
    done_ = 0;
    return outcome::all;
}

void line_writer::flush_within(int milliseconds)
{
    if (!flush() && has_room(fd_, milliseconds)) flush();
}

void own_standard_error()
{
    struct stat about
    {};
    if (::fstat(STDERR_FILENO, &about) != 0) return;
    if (!S_ISFIFO(about.st_mode) && !(S_ISCHR(about.st_mode) && ::isatty(STDERR_FILENO) != 0)) return;
    const int own = ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own < 0) return;
    ::dup2(own, STDERR_FILENO);
    ::close(own);
}

} // namespace winrm::io
