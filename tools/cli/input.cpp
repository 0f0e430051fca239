#include "cli/input.h"

#include "cli/output.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

/// One read: near what an envelope takes after base64.
constexpr std::size_t piece_size = 128 * 1024;

} // namespace

bool has_input(int fd) noexcept
{
    struct stat about
    {};
    if (::fstat(fd, &about) != 0) return false;
    if (S_ISCHR(about.st_mode) && about.st_rdev == makedev(1, 3)) return false; // /dev/null
    if (S_ISREG(about.st_mode)) {
        const off_t at = ::lseek(fd, 0, SEEK_CUR);
        return at < 0 || at < about.st_size;
    }
    return true; // an empty pipe too: whether its writer has gone already is chance
}

input::input(io::loop& on, int fd, events e) : loop_(on), terminal_(::isatty(fd) == 1), events_(std::move(e))
{
    struct stat about
    {};
    const bool known = ::fstat(fd, &about) == 0;
    const bool waits = known && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode) || terminal_);
    if (waits && !S_ISSOCK(about.st_mode)) fd_ = reopen(fd, O_RDONLY);
    if (fd_ >= 0) return;
    fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (!waits || fd_ < 0) return;
    const int flags = ::fcntl(fd_, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) {
        restore_flags_ = flags;
        ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
    }
}

input::~input() { close(); }

void input::close()
{
    ended_ = true;
    if (fd_ < 0) return;
    if (restore_flags_ >= 0) ::fcntl(fd_, F_SETFL, restore_flags_);
    if (wait_) wait_.reset(); // owns the descriptor
    else ::close(fd_);
    fd_ = -1;
}

void input::want()
{
    if (ended_ || wanted_ || fd_ < 0) return;
    wanted_ = true;
    // Always read before waiting: epoll does not report the end of a pipe that was reopened after its last writer had
    // gone.
    loop_.post([alive = std::weak_ptr<bool>(alive_), this] {
        if (!alive.expired()) read();
    });
}

void input::read()
{
    if (ended_ || !wanted_) return;
    base::bytes data(piece_size, '\0');
    ssize_t n = 0;
    do n = ::read(fd_, data.data(), data.size());
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) {
        if (!wait_) wait_.emplace(loop_, fd_);
        wait_->when_readable([this] { read(); });
        return;
    }
    wanted_ = false;
    // EIO: the terminal is gone, or we are a background job that may not read. Either way the input is at its end.
    if (n < 0 && !(terminal_ && errno == EIO)) {
        broken_ = errno;
        ended_ = true;
        return events_.broken();
    }
    data.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    ended_ = data.empty();
    events_.piece(std::move(data), ended_);
}

} // namespace winrm::cli
