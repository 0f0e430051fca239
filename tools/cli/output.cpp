#include "cli/output.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

/// Back-pressure starts when more than this waits for the reader.
constexpr std::size_t high_water = 256 * 1024;

} // namespace

int reopen(int fd, int flags) noexcept
{
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

output::output(io::loop& on, int fd, bool raw, events e) : loop_(on), fd_(fd), events_(std::move(e))
{
    struct stat about
    {};
    const bool known = ::fstat(fd, &about) == 0;
    const bool terminal = ::isatty(fd) == 1;
    if (terminal && !raw) filter_.emplace();
    regular_ = known && !S_ISFIFO(about.st_mode) && !S_ISSOCK(about.st_mode) && !terminal;
    fd_ = regular_ || S_ISSOCK(about.st_mode) ? -1 : reopen(fd, O_WRONLY);
    if (fd_ >= 0) return;
    fd_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (regular_) return;
    const int flags = ::fcntl(fd_, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) {
        restore_flags_ = flags;
        ::fcntl(fd_, F_SETFL, flags | O_NONBLOCK);
    }
}

output::~output() { close(); }

void output::close()
{
    if (fd_ < 0) return;
    if (restore_flags_ >= 0) ::fcntl(fd_, F_SETFL, restore_flags_);
    if (wait_) wait_.reset(); // owns the descriptor
    else ::close(fd_);
    fd_ = -1;
    waiting_.clear();
}

void output::write(base::bytes_view data)
{
    if (filter_) queue(filter_->pass(data));
    else queue(data);
}

void output::end()
{
    if (filter_) queue(filter_->flush());
}

void output::queue(base::bytes_view data)
{
    if (broken_ != 0 || fd_ < 0) return;
    if (waiting_.empty()) {
        while (!data.empty()) {
            const ssize_t n = ::write(fd_, data.data(), data.size());
            if (n > 0) data.remove_prefix(static_cast<std::size_t>(n));
            else if (n < 0 && errno != EINTR) break;
        }
        if (data.empty()) return;
    }
    waiting_ += data;
    flush();
}

void output::flush()
{
    std::size_t done = 0;
    while (done < waiting_.size()) {
        const ssize_t n = ::write(fd_, waiting_.data() + done, waiting_.size() - done);
        if (n >= 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            broken_ = errno;
            waiting_.clear();
            if (events_.broken) loop_.post(events_.broken); // not from within: the caller is the run itself
            return;
        }
    }
    waiting_.erase(0, done);
    if (!full_ && waiting_.size() > high_water) {
        full_ = true;
        if (events_.full) events_.full();
    } else if (full_ && waiting_.size() <= high_water / 2) {
        full_ = false;
        if (events_.room) events_.room();
    }
    if (waiting_.empty()) {
        waiting_.shrink_to_fit();
        return;
    }
    if (!wait_) wait_.emplace(loop_, fd_);
    wait_->when_writable([this] { flush(); });
}

} // namespace winrm::cli
