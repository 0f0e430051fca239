#include "service/monitor/children.h"

#include <cerrno>
#include <csignal>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace winrm::service::monitor {

children::children(io::loop& on) : signal_(on, {SIGCHLD}, [this](int) { reap(); }) {}

void children::watch(pid_t pid, std::function<void(int)> ended) { watched_[pid] = std::move(ended); }

void children::kill(pid_t pid, int signal) const
{
    if (watched_.count(pid) != 0) ::kill(pid, signal);
}

void children::reap()
{
    std::vector<pid_t> all;
    for (const auto& [pid, ended] : watched_) all.push_back(pid);
    for (const pid_t pid : all) {
        int status = 0;
        const auto at = watched_.find(pid);
        if (at == watched_.end() || ::waitpid(pid, &status, WNOHANG) != pid) continue;
        const auto ended = std::move(at->second);
        watched_.erase(at);
        ended(status);
    }
    if (watched_.empty() && empty_) std::exchange(empty_, nullptr)();
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
        const long end = ::sysconf(_SC_OPEN_MAX);
        for (unsigned fd = from; fd <= to && static_cast<long>(fd) < end; ++fd) ::close(static_cast<int>(fd));
    };
    if (except < first) return close_range(static_cast<unsigned>(first), ~0u);
    if (except > first) close_range(static_cast<unsigned>(first), static_cast<unsigned>(except) - 1);
    close_range(static_cast<unsigned>(except) + 1, ~0u);
}

} // namespace winrm::service::monitor
