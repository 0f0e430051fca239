#include "service/monitor/cgroup_root.h"

#include "base/text.h"
#include "io/small_file.h"
#include "service/monitor/folder_lock.h"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace winrm::service::monitor {
namespace {

/// Sub-folders first; a cgroup can be removed once it has neither processes nor folders.
bool remove_tree(const std::string& folder)
{
    std::vector<std::string> inner;
    if (DIR* open = ::opendir(folder.c_str())) {
        while (const dirent* entry = ::readdir(open))
            if (entry->d_type == DT_DIR && entry->d_name[0] != '.') inner.push_back(folder + '/' + entry->d_name);
        ::closedir(open);
    }
    for (const std::string& one : inner) remove_tree(one);
    return ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
}

} // namespace

std::string cgroup2_mount(const std::string& mountinfo)
{
    std::istringstream lines{mountinfo};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t dash = line.find(" - ");
        if (dash == std::string::npos || line.compare(dash + 3, 8, "cgroup2 ") != 0) continue;
        std::istringstream fields{line};
        std::string field;
        for (int i = 0; i < 5; ++i) fields >> field;
        if (field.find('\\') == std::string::npos) return field; // with escaped blanks: not used
    }
    return {};
}

/// The lock decides, not the pid in the name, which may now be another process, a zombie, or one of another container
/// that shares the cgroups but not the pids.
std::size_t remove_dead_cgroups(const std::string& parent)
{
    constexpr std::string_view prefix = "winrmd-";
    std::vector<std::string> all;
    DIR* open = ::opendir(parent.c_str());
    if (open == nullptr) return 0;
    while (const dirent* entry = ::readdir(open)) {
        const std::string_view name = entry->d_name;
        if (name.substr(0, prefix.size()) != prefix) continue;
        const auto pid = base::parse_unsigned(name.substr(prefix.size()));
        if (pid && *pid != 0 && *pid <= 0x7fffffff) all.push_back(parent + '/' + std::string{name});
    }
    ::closedir(open);
    std::size_t removed = 0;
    for (const std::string& path : all) {
        const io::unique_fd folder = lock_folder(path);
        if (!folder) continue;
        cgroup_root::remove_now(path);
        if (::access(path.c_str(), F_OK) != 0) ++removed;
    }
    return removed;
}

cgroup_root cgroup_root::find()
{
    cgroup_root out;
    const std::string mount = cgroup2_mount(io::read_small_file("/proc/self/mountinfo"));
    if (::geteuid() != 0 || mount.empty()) return out;
    std::string own;
    std::istringstream lines{io::read_small_file("/proc/self/cgroup")};
    for (std::string line; std::getline(lines, line);)
        if (line.compare(0, 3, "0::") == 0) own = line.substr(3);
    if (own.empty() || own.find("..") != std::string::npos) return out;
    out.home_ = own == "/" ? mount : mount + own;
    remove_dead_cgroups(out.home_);
    const std::string ours = out.home_ + "/winrmd-" + std::to_string(::getpid());
    // A cgroup with processes cannot enable controllers for its children, so ours stands beside the leaf that holds us.
    out.lock_ = make_locked_folder(ours);
    if (!out.lock_) return out;
    out.path_ = ours;
    for (const char* controller : {"+memory", "+pids"}) {
        if (own != "/" && !io::write_small_file(out.home_ + "/cgroup.subtree_control", controller)) {
            const std::string leaf = out.home_ + "/winrmd-monitor";
            if ((::mkdir(leaf.c_str(), 0755) == 0 || errno == EEXIST) &&
                io::write_small_file(leaf + "/cgroup.procs", "0"))
                io::write_small_file(out.home_ + "/cgroup.subtree_control", controller);
        }
        io::write_small_file(ours + "/cgroup.subtree_control", controller); // without it rlimits apply
    }
    return out;
}

cgroup_root::cgroup_root(cgroup_root&& other) noexcept
    : path_(std::exchange(other.path_, {})), home_(std::exchange(other.home_, {})), lock_(std::move(other.lock_)),
      next_(other.next_)
{}

cgroup_root& cgroup_root::operator=(cgroup_root&& other) noexcept
{
    std::swap(path_, other.path_);
    std::swap(home_, other.home_);
    std::swap(lock_, other.lock_);
    std::swap(next_, other.next_);
    return *this;
}

cgroup_root::~cgroup_root()
{
    if (path_.empty()) return;
    remove_now(path_);
    const std::string leaf = home_ + "/winrmd-monitor";
    if (::access(leaf.c_str(), F_OK) == 0) {
        io::write_small_file(home_ + "/cgroup.subtree_control", "-memory");
        io::write_small_file(home_ + "/cgroup.subtree_control", "-pids");
        io::write_small_file(home_ + "/cgroup.procs", "0");
        ::rmdir(leaf.c_str());
    }
}

std::string cgroup_root::make(uid_t uid, gid_t gid, const ceiling& most)
{
    if (path_.empty()) return {};
    const std::string folder = path_ + "/user-" + std::to_string(uid) + '-' + std::to_string(next_++);
    const std::string leaf = folder + "/main";
    if (::mkdir(folder.c_str(), 0755) != 0) return {};
    bool made = ::mkdir(leaf.c_str(), 0755) == 0;
    // These files stay root's: the account can make folders for shells and commands, but no tree that takes too long to
    // remove, and whatever limits it sets for its shells, all together stay below these.
    io::write_small_file(folder + "/cgroup.max.depth", "2");
    io::write_small_file(folder + "/cgroup.max.descendants", std::to_string(most.folders));
    if (most.memory_bytes != 0) io::write_small_file(folder + "/memory.max", std::to_string(most.memory_bytes));
    if (most.processes != 0) io::write_small_file(folder + "/pids.max", std::to_string(most.processes));
    for (const std::string& at : {folder, leaf})
        for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"})
            made = made && ::chown((at + file).c_str(), uid, gid) == 0;
    if (made) return folder;
    remove_now(folder);
    return {};
}

bool cgroup_root::remove(const std::string& folder)
{
    if (folder.empty()) return true;
    // Other processes of the account could make folders in it faster than they are removed.
    io::write_small_file(folder + "/cgroup.max.descendants", "0");
    io::write_small_file(folder + "/cgroup.kill", "1");
    return remove_tree(folder);
}

void cgroup_root::remove_now(const std::string& folder)
{
    for (int round = 0; round < 100 && !remove(folder); ++round) ::usleep(2000);
}

} // namespace winrm::service::monitor
