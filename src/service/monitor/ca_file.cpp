#include "service/monitor/ca_file.h"

#include "service/monitor/folder_lock.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace winrm::service::monitor {
namespace {

constexpr std::string_view prefix = "winrmd-ca-";
constexpr std::size_t random_letters = 6; // those of mkdtemp

bool is_our_name(std::string_view name)
{
    if (name.size() != prefix.size() + random_letters || name.substr(0, prefix.size()) != prefix) return false;
    for (const char c : name.substr(prefix.size()))
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) return false;
    return true;
}

/// Between making and locking it another service's clean-up may have removed the folder.
bool still_there(const io::unique_fd& folder)
{
    struct stat about
    {};
    return ::fstat(folder.get(), &about) == 0 && about.st_nlink != 0;
}

} // namespace

ca_file::~ca_file()
{
    if (folder_.empty()) return;
    ::unlink(path().c_str());
    ::rmdir(folder_.c_str());
}

bool ca_file::write(const std::string& parent, const std::string& pem)
{
    remove_dead_ca_files(parent);
    for (int attempt = 0; attempt < 10 && folder_.empty(); ++attempt) {
        std::string name = parent + '/' + std::string{prefix} + std::string(random_letters, 'X');
        if (::mkdtemp(name.data()) == nullptr) return false;
        lock_ = lock_folder(name);
        if (lock_ && still_there(lock_)) folder_ = std::move(name);
        else ::rmdir(name.c_str());
    }
    if (folder_.empty()) return false;
    const io::unique_fd file{::openat(lock_.get(), "ca.pem", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    return file && ::write(file.get(), pem.data(), pem.size()) == static_cast<ssize_t>(pem.size());
}

std::size_t remove_dead_ca_files(const std::string& parent)
{
    std::vector<std::string> names;
    DIR* open = ::opendir(parent.c_str());
    if (open == nullptr) return 0;
    while (const dirent* entry = ::readdir(open))
        if (is_our_name(entry->d_name)) names.push_back(parent + '/' + entry->d_name);
    ::closedir(open);
    std::size_t removed = 0;
    for (const std::string& name : names) {
        const io::unique_fd folder = lock_folder(name);
        if (!folder) continue;
        ::unlinkat(folder.get(), "ca.pem", 0);
        if (::rmdir(name.c_str()) == 0) ++removed; // only if nothing else was in it
    }
    return removed;
}

} // namespace winrm::service::monitor
