#include "service/user/spawn.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::user {
namespace {

using shell::start_failure;

/// Everything the child needs, made before vfork: the child must not allocate.
struct prepared
{
    std::vector<const char*> candidates;
    std::vector<char*> argv, environment;
    const char* directory;
    spawn_handles handles;
    spawn_limits limits;
};

enum class step : int { none, directory, execute, resources };
struct failure
{
    volatile int where = 0;
    volatile int number = 0;
    volatile int in_group = 0;
};

char* mutable_text(const std::string& s)
{
    return const_cast<char*>(s.c_str());
} // execve's signature; it writes nothing

prepared prepare(const child_plan& plan, const spawn_handles& handles, const spawn_limits& limits)
{
    prepared p{{}, {}, {}, plan.directory.c_str(), handles, limits};
    for (const std::string& s : plan.candidates) p.candidates.push_back(s.c_str());
    for (const std::string& s : plan.argv) p.argv.push_back(mutable_text(s));
    p.argv.push_back(nullptr);
    for (const std::string& s : plan.environment) p.environment.push_back(mutable_text(s));
    p.environment.push_back(nullptr);
    return p;
}

void set_limit(decltype(RLIMIT_DATA) resource, std::uint64_t value)
{
    if (value == 0) return;
    rlimit now{};
    if (::getrlimit(resource, &now) != 0) return;
    const rlim_t wanted = value;
    now.rlim_cur = wanted < now.rlim_max ? wanted : now.rlim_max;
    now.rlim_max = now.rlim_cur;
    ::setrlimit(resource, &now);
}

void set_open_files(std::uint64_t value)
{
    rlimit now{};
    if (value == 0 || ::getrlimit(RLIMIT_NOFILE, &now) != 0 || value > now.rlim_max) return;
    now.rlim_cur = value;
    ::setrlimit(RLIMIT_NOFILE, &now);
}

/// All but 0 to 2. close_range (Linux 5.9) may be missing, or refused by a seccomp filter of a container.
void close_others()
{
    if (::syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
    constexpr rlim_t most = 1024 * 1024; // fs.nr_open of a usual system, which bounds the hard limit
    rlimit now{};
    const bool known = ::getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_max < most;
    for (int fd = 3, end = static_cast<int>(known ? now.rlim_max : most); fd < end; ++fd) ::close(fd);
}

[[noreturn]] void give_up(failure& out, step where)
{
    out.number = errno;
    out.where = static_cast<int>(where);
    ::_exit(127);
}

void reset_signals()
{
    // The bare system call: a sanitizer's wrapper would note the change in the parent's memory. All zero is SIG_DFL
    // without flags in the kernel's structure, whatever its exact length.
    constexpr unsigned long standard[8] = {};
    // A service started in the background of a script has SIGINT ignored; a child would inherit that and ignore Ctrl-C.
    for (int s = 1; s < NSIG; ++s)
        if (s != SIGKILL && s != SIGSTOP) ::syscall(SYS_rt_sigaction, s, standard, nullptr, 8UL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the parent's memory: only system calls, no allocation, nothing that outlives this frame but `out`.
[[noreturn]] void child(const prepared& p, failure& out)
{
    ::setsid();
    // Refused if this process itself is outside of the delegated tree (cgroups(7), delegation containment).
    if (p.handles.cgroup_procs >= 0 && ::write(p.handles.cgroup_procs, "0", 1) == 1) out.in_group = 1;
    if (::dup2(p.handles.input, 0) < 0 || ::dup2(p.handles.output, 1) < 0 || ::dup2(p.handles.error, 2) < 0)
        give_up(out, step::resources);
    close_others();
    set_limit(RLIMIT_DATA, p.limits.data_bytes);
    set_limit(RLIMIT_NPROC, p.limits.processes);
    set_open_files(p.limits.open_files);
    if (::chdir(p.directory) != 0) give_up(out, step::directory);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    reset_signals();
    errno = ENOENT;
    for (const char* path : p.candidates) {
        ::execve(path, p.argv.data(), p.environment.data());
        if (errno != ENOENT && errno != ENOTDIR) break;
    }
    give_up(out, step::execute);
}

__attribute__((noinline)) pid_t start(const prepared& p, failure& out)
{
    const pid_t pid = ::vfork();
    if (pid == 0) child(p, out);
    return pid;
}

start_failure meaning(step where, int number)
{
    if (where == step::directory) return start_failure::bad_directory;
    if (where != step::execute) return start_failure::no_resources;
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG: return start_failure::not_found;
    case EACCES:
    case EPERM:
    case ENOEXEC:
    case EISDIR: return start_failure::no_permission;
    default: return start_failure::no_resources;
    }
}

} // namespace

std::variant<spawned, start_failure> spawn(const child_plan& plan, const spawn_handles& handles,
                                           const spawn_limits& limits)
{
    const prepared p = prepare(plan, handles, limits);
    failure trouble;
    // No handler of ours may run in the child while it shares our memory.
    sigset_t all, before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t pid = start(p, trouble);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0) return start_failure::no_resources;
    if (const auto where = static_cast<step>(trouble.where); where != step::none) {
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
        return meaning(where, trouble.number);
    }
    return spawned{pid, trouble.in_group != 0};
}

} // namespace winrm::service::user
