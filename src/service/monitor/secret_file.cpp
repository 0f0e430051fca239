#include "service/monitor/secret_file.h"

#include "base/system_reason.h"
#include "io/unique_fd.h"
#include "service/monitor/file_check.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

winrm::error refuse(const std::string& what) { return winrm::error{errc::bad_config, what}; }

bool write_all(int file, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t put = ::write(file, text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return ::fsync(file) == 0;
}

/// The new file, not yet in its place; removed unless it was put there.
class new_file
{
public:
    explicit new_file(const std::string& place) : name_(place + ".XXXXXX"), fd_(::mkostemp(name_.data(), O_CLOEXEC)) {}
    new_file(const new_file&) = delete;
    new_file& operator=(const new_file&) = delete;
    ~new_file()
    {
        if (fd_ && !placed_) ::unlink(name_.c_str());
    }
    [[nodiscard]] int fd() const { return fd_.get(); }
    explicit operator bool() const { return static_cast<bool>(fd_); }
    [[nodiscard]] const std::string& name() const { return name_; }
    bool put(const std::string& place) { return placed_ = ::rename(name_.c_str(), place.c_str()) == 0; }

private:
    std::string name_;
    io::unique_fd fd_;
    bool placed_ = false;
};

} // namespace

result<bool> change_secret_file(const std::string& path, std::size_t most,
                                const std::function<std::optional<base::secret>(std::string_view)>& change)
{
    std::error_code failed;
    std::filesystem::path place = std::filesystem::canonical(path, failed);
    if (failed) place = std::filesystem::absolute(path, failed);
    const std::string folder = place.parent_path().string();
    const io::unique_fd locked{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!locked || ::flock(locked.get(), LOCK_EX) != 0)
        return refuse("is in a folder that cannot be opened: " + base::file_reason(errno));

    struct stat old
    {};
    const bool exists = ::stat(place.c_str(), &old) == 0;
    base::secret text;
    if (exists) {
        auto read = read_trusted_file(place.string(), file_secrecy::secret, most);
        if (!read) return std::move(read).error();
        text = base::secret{std::move(*read)};
    }
    const std::optional<base::secret> changed = change(text.reveal());
    if (!changed) return false;
    if (changed->reveal().size() > most) return refuse("would be larger than " + std::to_string(most) + " bytes");

    new_file made{place.string()};
    if (!made) return refuse("cannot be written: " + base::file_reason(errno));
    if (auto trusted = read_trusted_file(made.name(), file_secrecy::secret, most); !trusted)
        return std::move(trusted).error(); // the folder's problem
    if (exists && old.st_uid != ::geteuid() && ::fchown(made.fd(), old.st_uid, old.st_gid) != 0)
        return refuse("cannot be given to its owner: " + base::file_reason(errno));
    if (!write_all(made.fd(), changed->reveal()) || !made.put(place.string()))
        return refuse("cannot be written: " + base::file_reason(errno));
    ::fsync(locked.get());
    return true;
}

} // namespace winrm::service::monitor
