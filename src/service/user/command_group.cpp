#include "service/user/command_group.h"

#include "io/small_file.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace winrm::service::user {
namespace {

bool is_name(const std::string& id)
{
    if (id.empty() || id.size() > 64) return false;
    for (const char c : id)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-') return false;
    return true;
}

bool has_word(const std::string& text, const std::string& word)
{
    return (' ' + text.substr(0, text.find('\n')) + ' ').find(' ' + word + ' ') != std::string::npos;
}

/// Before cgroup.kill (Linux 5.14): repeated until no member is left that could fork.
void kill_members(const std::string& path)
{
    for (int round = 0; round < 32; ++round) {
        const std::string members = io::read_small_file(path + "/cgroup.procs");
        if (members.empty()) return;
        for (const char* at = members.c_str(); *at != '\0';) {
            char* end = nullptr;
            const long pid = std::strtol(at, &end, 10);
            if (end == at) break;
            if (pid > 1) ::kill(static_cast<pid_t>(pid), SIGKILL);
            at = *end == '\n' ? end + 1 : end;
        }
    }
}

} // namespace

command_groups::command_groups(std::string root, limits per_shell) : root_(std::move(root)), limits_(per_shell)
{
    if (root_.empty()) return;
    if (::access((root_ + "/cgroup.procs").c_str(), W_OK) != 0) {
        root_.clear();
        return;
    }
    const std::string offered = io::read_small_file(root_ + "/cgroup.controllers");
    memory_ = has_word(offered, "memory") && io::write_small_file(root_ + "/cgroup.subtree_control", "+memory");
    pids_ = has_word(offered, "pids") && io::write_small_file(root_ + "/cgroup.subtree_control", "+pids");
}

command_groups::~command_groups()
{
    for (int round = 0; round < 50 && tidy() != 0; ++round) ::usleep(2000);
}

command_groups::group command_groups::make(const std::string& shell_id, const std::string& command_id)
{
    group g;
    if (root_.empty() || !is_name(shell_id) || !is_name(command_id)) return g;
    const std::string shell = root_ + "/shell-" + shell_id;
    const bool fresh = ::mkdir(shell.c_str(), 0755) == 0;
    if (!fresh && errno != EEXIST) return g;
    if (fresh && memory_ && limits_.memory_bytes != 0)
        io::write_small_file(shell + "/memory.max", std::to_string(limits_.memory_bytes));
    if (fresh && pids_ && limits_.processes != 0)
        io::write_small_file(shell + "/pids.max", std::to_string(limits_.processes));
    const std::string path = shell + "/command-" + command_id;
    ++shells_[shell];
    if (::mkdir(path.c_str(), 0755) != 0) {
        drop_shell(shell);
        return g;
    }
    g.shell_ = shell;
    g.path_ = path;
    return g;
}

io::unique_fd command_groups::open_procs(const group& g)
{
    if (!g) return {};
    return io::unique_fd{::open((g.path_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)};
}

bool command_groups::adopt(const group& to, const group& from)
{
    if (!to) return false;
    const std::string members = io::read_small_file(from.path_ + "/cgroup.procs");
    bool moved = false;
    for (std::size_t at = 0; at < members.size();) {
        const std::size_t end = std::min(members.find('\n', at), members.size());
        moved = io::write_small_file(to.path_ + "/cgroup.procs", members.substr(at, end - at)) || moved;
        at = end + 1;
    }
    return moved;
}

void command_groups::kill(const group& g)
{
    if (g && !io::write_small_file(g.path_ + "/cgroup.kill", "1")) kill_members(g.path_);
}

void command_groups::release(group&& g)
{
    if (!g) return;
    if (::rmdir(g.path_.c_str()) == 0 || errno == ENOENT) {
        drop_shell(g.shell_);
        return;
    }
    kill(g);
    dying_.push_back(std::move(g));
}

std::size_t command_groups::tidy()
{
    std::vector<group> left;
    for (group& g : dying_) {
        if (::rmdir(g.path_.c_str()) == 0 || errno == ENOENT) drop_shell(g.shell_);
        else left.push_back(std::move(g));
    }
    dying_ = std::move(left);
    return dying_.size();
}

void command_groups::drop_shell(const std::string& shell)
{
    const auto at = shells_.find(shell);
    if (at == shells_.end() || --at->second != 0) return;
    shells_.erase(at);
    ::rmdir(shell.c_str());
}

} // namespace winrm::service::user
