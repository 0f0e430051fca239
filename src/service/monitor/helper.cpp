#include "service/monitor/helper.h"

#include "io/line_writer.h"
#include "io/small_file.h"
#include "service/monitor/account.h"
#include "service/monitor/children.h"
#include "service/monitor/handover.h"
#include "service/monitor/own_limits.h"
#include "service/monitor/pam.h"
#include "service/monitor/privileges.h"
#include "service/wire/environment.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <grp.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr int cannot_start = 126;
constexpr int death_signal = SIGUSR1; // of the monitor, to a keeper
constexpr std::chrono::milliseconds time_to_end{8'000}, poll_interval{20};
constexpr unsigned longest_close_s = 30;
constexpr timespec no_time{0, 0};

/// A child has no logger; one line is enough and names no secret.
[[noreturn]] void give_up(const std::string& why)
{
    const std::string line = "winrmd: " + why + '\n';
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) ::_exit(cannot_start);
    ::_exit(cannot_start);
}

std::vector<std::string> environment_of(const account& who)
{
    const char* path =
        who.uid == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : "/usr/local/bin:/usr/bin:/bin";
    return {std::string{"PATH="} + path, "HOME=" + who.home,   "USER=" + who.name,
            "LOGNAME=" + who.name,       "SHELL=" + who.shell, "LANG=C.UTF-8"};
}

enum class parent { monitor, keeper };

/// After arrange_descriptors().
[[noreturn]] void become_user_process(const user_start& how, const account& who, std::vector<std::string> environment,
                                      parent kind, pid_t parent_number)
{
    ::setsid();
    if (!how.cgroup_procs.empty()) {
        const int procs = ::open(how.cgroup_procs.c_str(), O_WRONLY | O_CLOEXEC);
        if (procs < 0 || ::write(procs, "0", 1) != 1) give_up("the account's cgroup cannot be joined");
        ::close(procs);
    }
    if (how.switch_account)
        if (const std::string problem =
                become(who.name, who.uid, who.gid, kind == parent::keeper ? groups::kept : groups::of_account);
            !problem.empty())
            give_up("cannot become the account: " + problem);
    // After the change of credentials, which resets it. Without a keeper SIGCONT wakes a stopped process, which then
    // sees that the monitor has gone and ends all that it has started.
    ::prctl(PR_SET_PDEATHSIG, kind == parent::keeper ? SIGKILL : SIGCONT);
    if (::getppid() != parent_number) ::_exit(cannot_start); // the parent has ended already
    if (kind == parent::monitor) ::umask(022);
    if (::chdir(who.home.c_str()) != 0 && ::chdir("/") != 0) give_up("no working directory");
    execute(how.program, how.program.c_str(), environment);
}

/// Waits for the user process. If the monitor has gone, ends it and its orphans: a process that its account has stopped
/// would never end by itself.
class session_watch
{
public:
    session_watch(pid_t user, pid_t monitor) : user_(user), monitor_(monitor)
    {
        ::sigemptyset(&awaited_);
        ::sigaddset(&awaited_, SIGCHLD);
        ::sigaddset(&awaited_, death_signal);
    }
    /// SIGCHLD and the death signal are blocked meanwhile. @return exit status for the keeper
    int wait()
    {
        int raw = 0;
        for (;;) {
            const pid_t got = ::waitpid(user_, &raw, WNOHANG);
            if (got == user_ || (got < 0 && errno != EINTR)) break;
            if (!orphaned_ && ::getppid() != monitor_) take_over();
            if (orphaned_ && std::chrono::steady_clock::now() >= kill_at_) ::kill(user_, SIGKILL);
            sleep(orphaned_ ? poll_interval : std::chrono::milliseconds{60'000});
        }
        const int status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
        if (orphaned_ && status != 0) end_orphans();
        return status;
    }
    [[nodiscard]] bool orphaned() const { return orphaned_; }

private:
    void take_over()
    {
        orphaned_ = true;
        kill_at_ = std::chrono::steady_clock::now() + time_to_end;
        before_ = io::children_of_thread(::getpid(), ::getpid()); // helpers that PAM modules have started included
        ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        ::kill(user_, SIGCONT); // it ends itself and all that it has started, unless it is stopped again
    }
    /// Orphans of a killed one become our children, so several rounds are needed.
    void end_orphans()
    {
        for (int round = 0; round < 500; ++round) {
            bool any = false;
            for (const pid_t pid : io::children_of_thread(::getpid(), ::getpid()))
                if (std::find(before_.begin(), before_.end(), pid) == before_.end())
                    any = ::kill(pid, SIGKILL) == 0 || any;
            if (!any) return;
            sleep(poll_interval);
            while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
        }
    }
    void sleep(std::chrono::milliseconds most) const
    {
        const timespec time{static_cast<time_t>(most.count() / 1000),
                            static_cast<long>(most.count() % 1000) * 1'000'000};
        ::sigtimedwait(&awaited_, nullptr, &time);
    }
    pid_t user_, monitor_;
    bool orphaned_ = false;
    std::chrono::steady_clock::time_point kill_at_{};
    std::vector<pid_t> before_;
    sigset_t awaited_{};
};

/// As root: holds the PAM session open and waits; reads no input.
int keep_session(const user_start& how, const account& who, pid_t monitor)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    int status = cannot_start;
    ::umask(022); // before the session is opened, because a module (pam_umask) may set another
    // Before the session is opened, because a module (pam_group) may add some.
    if (::initgroups(who.name.c_str(), who.gid) != 0) give_up("the account's groups cannot be taken on");
    pam_session session{how.pam_service, who.name, how.peer};
    if (!session.open()) give_up("PAM opens no session");
    auto environment = environment_of(who);
    for (const std::string& entry : session.environment())
        environment.push_back(std::string{wire::session_prefix} + entry);
    sigset_t ours, before; // not earlier: programs that a module starts would inherit the mask
    ::sigemptyset(&ours);
    ::sigaddset(&ours, SIGCHLD);
    ::sigaddset(&ours, death_signal);
    ::pthread_sigmask(SIG_BLOCK, &ours, &before);
    // Again, because a module that changed to the account for a moment has reset it.
    ::prctl(PR_SET_PDEATHSIG, death_signal);
    const pid_t keeper = ::getpid(), pid = ::getppid() == monitor ? fork_clean() : -1;
    if (pid == 0) become_user_process(how, who, std::move(environment), parent::keeper, keeper);
    ::close(role_control);
    if (pid > 0) {
        session_watch watch{pid, monitor};
        status = watch.wait();
        if (watch.orphaned()) ::alarm(longest_close_s);
    }
    ::prctl(PR_SET_PDEATHSIG, 0);
    while (::sigtimedwait(&ours, nullptr, &no_time) > 0) {} // a pending one would end us while the session is closed
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return status;
}

/// For the session keeper; run_session() reads them in the same order.
io::unique_fd session_words(const user_start& how, const identity& who)
{
    handover h;
    h.add(static_cast<std::uint64_t>(::getpid()));
    h.add(how.program);
    h.add(how.switch_account ? 1 : 0);
    h.add(how.pam_service);
    h.add(how.peer);
    h.add(how.cgroup_procs);
    h.add(who.uid());
    h.add(who.gid());
    h.add(who.name());
    h.add(who.home());
    h.add(who.shell());
    return h.descriptor();
}

} // namespace

void arrange_descriptors(std::initializer_list<int> given)
{
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0 || ::dup2(null, STDOUT_FILENO) < 0)
        give_up("/dev/null cannot be opened");
    const int first = STDERR_FILENO + 1, end = first + static_cast<int>(given.size());
    std::vector<int> high; // so that none is overwritten
    for (const int fd : given) high.push_back(::fcntl(fd, F_DUPFD, end));
    for (std::size_t i = 0; i < high.size(); ++i)
        if (high[i] < 0 || ::dup2(high[i], first + static_cast<int>(i)) < 0) give_up("no descriptors");
    close_all_from(end);
    io::own_standard_error(); // an open file description, and so O_NONBLOCK, of our own
}

void execute(const std::string& program, const char* name, const std::vector<std::string>& environment)
{
    std::vector<char*> variables;
    std::string own_name = name;
    for (const std::string& entry : environment) variables.push_back(const_cast<char*>(entry.c_str()));
#ifdef OPENWINRM_SANITIZED
    for (const char* variable : {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS="})
        for (char** entry = environ; *entry; ++entry)
            if (std::strncmp(*entry, variable, std::strlen(variable)) == 0) variables.push_back(*entry);
#endif
    variables.push_back(nullptr);
    char* arguments[] = {own_name.data(), nullptr};
    ::execve(program.c_str(), arguments, variables.data());
    give_up(program + " cannot be started: " + std::strerror(errno));
}

int run_session()
{
    ::prctl(PR_SET_NAME, session_role);
    user_start how;
    account who;
    pid_t monitor = 0;
    {
        taken_over words{role_words};
        monitor = static_cast<pid_t>(words.number());
        how.program = words.word();
        how.switch_account = words.number() != 0;
        how.pam_service = words.word();
        how.peer = words.word();
        how.cgroup_procs = words.word();
        who.uid = static_cast<uid_t>(words.number());
        who.gid = static_cast<gid_t>(words.number());
        who.name = words.word();
        who.home = words.word();
        who.shell = words.word();
        if (!words.complete()) give_up("this program is started by winrmd only");
    }
    return keep_session(how, who, monitor);
}

std::string helper_path(const std::string& name)
{
    std::string own(4096, '\0');
    const ssize_t got = ::readlink("/proc/self/exe", own.data(), own.size());
    own.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::string folder = own.substr(0, own.find_last_of('/') + 1);
    for (const std::string& path :
         {folder + name, folder + "../libexec/openwinrm/" + name, std::string{OPENWINRM_LIBEXECDIR "/"} + name})
        if (::access(path.c_str(), X_OK) == 0) return path;
    return {};
}

pid_t start_helper(const std::string& program, io::unique_fd control, const std::vector<std::string>& more)
{
    const pid_t monitor = ::getpid(), pid = fork_clean();
    if (pid != 0) return pid;
    give_back_limits();
    arrange_descriptors({control.get()});
    ::prctl(PR_SET_PDEATHSIG, SIGKILL); // set again in the sandbox, whose change of credentials resets it
    if (::getppid() != monitor) ::_exit(cannot_start);
    std::vector<std::string> environment{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    environment.insert(environment.end(), more.begin(), more.end());
    execute(program, program.c_str(), environment);
}

pid_t start_user(const user_start& how, const identity& who, io::unique_fd control)
{
    const bool with_session = !how.pam_service.empty();
    const io::unique_fd words = with_session ? session_words(how, who) : io::unique_fd{};
    if (with_session && !words) return -1;
    const pid_t monitor = ::getpid(), pid = fork_clean();
    if (pid != 0) return pid;
    give_back_limits(); // before the session is opened, because a module (pam_limits) may set others
    if (with_session) become_role(session_role, control.get(), words.get());
    arrange_descriptors({control.get()});
    const account plain{who.uid(), who.gid(), who.name(), who.home(), who.shell()};
    become_user_process(how, plain, environment_of(plain), parent::monitor, monitor);
}

} // namespace winrm::service::monitor
