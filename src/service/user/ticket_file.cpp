#include "service/user/ticket_file.h"

#include "io/left_files.h"
#include "io/unique_fd.h"
#include "service/wire/ticket_names.h"

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::user {
namespace {

/// What pam_systemd makes: gone with the account's last login, and nobody else's.
std::string folder()
{
    const std::string own = wire::ticket_runtime_folder + std::to_string(::geteuid());
    struct stat info
    {};
    const bool good = ::lstat(own.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() &&
                      (info.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    return good ? own : wire::ticket_folder;
}

bool write_all(int file, base::bytes_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t put = ::write(file, bytes.data(), bytes.size());
        if (put <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

} // namespace

std::shared_ptr<const ticket_file> ticket_file::make(const base::secret& bytes)
{
    const std::string where = folder();
    // Of processes that were killed together with the monitor, which would have seen to it.
    io::remove_left_files(where, wire::ticket_prefix);
    std::string path = where + '/' + wire::ticket_prefix + std::to_string(::getpid()) + "_XXXXXX";
    const io::unique_fd file{::mkostemp(path.data(), O_CLOEXEC)};
    if (!file) return nullptr;
    std::shared_ptr<const ticket_file> out{new ticket_file(std::move(path))}; // removes it in any case
    if (::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0 || !write_all(file.get(), bytes.reveal())) return nullptr;
    return out;
}

/// Commands may have put another in its place; whatever bears the name is the login's.
ticket_file::~ticket_file() { ::unlink(path_.c_str()); }

} // namespace winrm::service::user
