#include "service/monitor/children.h"

#include "io/small_file.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace winrm::service::monitor {
namespace {

/// Real uid, -1 = not known.
uid_t owner_of(pid_t pid)
{
    const std::string status = io::read_small_file("/proc/" + std::to_string(pid) + "/status");
    const std::size_t at = status.find("\nUid:");
    return at == std::string::npos ? ~uid_t{0} : static_cast<uid_t>(std::strtoul(status.c_str() + at + 5, nullptr, 10));
}

/// This process has one thread.
std::vector<pid_t> all_children() { return io::children_of_thread(::getpid(), ::getpid()); }

} // namespace

children::children(io::loop& on) : signal_(on, {SIGCHLD}, [this](int) { reap(); }) {}

void children::watch(pid_t pid, std::function<void(int)> ended) { watched_[pid] = std::move(ended); }

void children::kill(pid_t pid, int signal) const
{
    if (watched_.count(pid) != 0) ::kill(pid, signal);
}

void children::reap()
{
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        foreign_.erase(pid);
        const auto at = watched_.find(pid);
        if (at == watched_.end()) continue; // an orphan
        const auto ended = std::move(at->second);
        watched_.erase(at);
        ended(status);
    }
    kill_orphans();
    if (watched_.empty() && empty_) std::exchange(empty_, nullptr)();
}

void children::adopt_orphans()
{
    const std::vector<pid_t> before = all_children();
    foreign_.insert(before.begin(), before.end());
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void children::kill_orphans_of(uid_t uid)
{
    if (uid == 0 || ::getpid() == 1) return;
    orphan_owners_.insert(uid);
    kill_orphans();
}

/// @return false: none is left, so that all accounts are done. What a killed one leaves behind becomes our child, and
/// its SIGCHLD brings us here again.
bool children::kill_orphans()
{
    if (orphan_owners_.empty()) return false;
    bool any = false;
    for (const pid_t pid : all_children())
        if (watched_.count(pid) == 0 && foreign_.count(pid) == 0 && orphan_owners_.count(owner_of(pid)) != 0)
            any = ::kill(pid, SIGKILL) == 0 || any;
    if (!any) orphan_owners_.clear();
    return any;
}

void children::when_empty(std::function<void()> call)
{
    if (watched_.empty()) return call();
    empty_ = std::move(call);
}

void children::kill_all()
{
    for (const auto& [pid, ended] : watched_) ::kill(pid, SIGKILL);
    for (const auto& [pid, ended] : watched_)
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
    watched_.clear();
    for (int round = 0; round < 200 && kill_orphans(); ++round) {
        ::usleep(5000); // they take a moment to end
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
    }
}

pid_t fork_clean()
{
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    const pid_t pid = ::fork();
    if (pid != 0) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return pid;
    }
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    ::sigemptyset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    return 0;
}

void close_all_from(int first, int except)
{
    const auto close_range = [](unsigned from, unsigned to) {
        if (::syscall(SYS_close_range, from, to, 0) == 0) return;
        // Before Linux 5.9. Only the open ones, because the limit may be too high to count to.
        std::vector<int> open;
        if (DIR* folder = ::opendir("/proc/self/fd")) {
            while (const dirent* entry = ::readdir(folder)) open.push_back(std::atoi(entry->d_name));
            ::closedir(folder);
        }
        for (const int fd : open)
            if (fd > 2 && static_cast<unsigned>(fd) >= from && static_cast<unsigned>(fd) <= to) ::close(fd);
    };
    if (except < first) return close_range(static_cast<unsigned>(first), ~0u);
    if (except > first) close_range(static_cast<unsigned>(first), static_cast<unsigned>(except) - 1);
    close_range(static_cast<unsigned>(except) + 1, ~0u);
}

} // namespace winrm::service::monitor
