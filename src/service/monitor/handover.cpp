#include "service/monitor/handover.h"

#include "base/text.h"
#include "service/monitor/helper.h"

#include <cerrno>
#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;

}

void handover::add(std::string_view word)
{
    const std::string head = std::to_string(word.size()) + ':';
    // Growing in place would leave a copy of a secret.
    if (words_.capacity() - words_.size() < head.size() + word.size()) {
        std::string larger;
        larger.reserve(2 * (words_.size() + head.size() + word.size()) + 1024);
        larger = words_;
        base::wipe(words_.data(), words_.size());
        words_.swap(larger);
    }
    words_ += head;
    words_ += word;
}

void handover::add(std::uint64_t number) { add(std::to_string(number)); }

handover::~handover() { base::wipe(words_.data(), words_.size()); }

io::unique_fd handover::descriptor() const
{
    io::unique_fd fd{::memfd_create("winrmd", MFD_CLOEXEC)};
    if (!fd) return {};
    for (std::size_t done = 0; done < words_.size();) {
        const ssize_t got = ::write(fd.get(), words_.data() + done, words_.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return {};
        done += static_cast<std::size_t>(got);
    }
    if (::lseek(fd.get(), 0, SEEK_SET) != 0) return {};
    return fd;
}

taken_over::taken_over(int fd)
{
    const io::unique_fd in{fd};
    const off_t size = ::lseek(fd, 0, SEEK_END);
    if (size < 0 || static_cast<std::size_t>(size) > most_bytes || ::lseek(fd, 0, SEEK_SET) != 0) {
        valid_ = false;
        return;
    }
    words_.resize(static_cast<std::size_t>(size));
    for (std::size_t done = 0; done < words_.size();) {
        const ssize_t got = ::read(fd, words_.data() + done, words_.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            valid_ = false;
            return;
        }
        done += static_cast<std::size_t>(got);
    }
}

taken_over::~taken_over() { base::wipe(words_.data(), words_.size()); }

std::string taken_over::word()
{
    const std::size_t colon = valid_ ? words_.find(':', at_) : std::string::npos;
    const auto size = colon == std::string::npos ? std::nullopt : base::parse_unsigned(words_.substr(at_, colon - at_));
    if (!size || *size > words_.size() - colon - 1) {
        valid_ = false;
        return {};
    }
    at_ = colon + 1 + *size;
    return words_.substr(colon + 1, *size);
}

std::uint64_t taken_over::number()
{
    const auto value = base::parse_unsigned(word());
    if (!value) valid_ = false;
    return value.value_or(0);
}

void become_role(const char* role, int control, int words)
{
    arrange_descriptors({control, words});
    execute("/proc/self/exe", role,
            {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"});
}

} // namespace winrm::service::monitor
