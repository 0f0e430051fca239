#include "service/monitor/helper.h"

#include "service/monitor/children.h"
#include "service/monitor/own_limits.h"
#include "service/monitor/pam.h"
#include "service/monitor/privileges.h"
#include "service/wire/environment.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr int control_number = 3;
constexpr int cannot_start = 126;

/// A child has no logger; one line is enough and names no secret.
[[noreturn]] void give_up(const std::string& why)
{
    const std::string line = "winrmd: " + why + '\n';
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) ::_exit(cannot_start);
    ::_exit(cannot_start);
}

void arrange_descriptors(int control)
{
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0 || ::dup2(null, STDOUT_FILENO) < 0)
        give_up("/dev/null cannot be opened");
    if (control == control_number) ::fcntl(control, F_SETFD, 0);
    else if (::dup2(control, control_number) < 0) give_up("no descriptor for the control socket");
    close_all_from(control_number + 1);
}

[[noreturn]] void execute(const std::string& program, const std::vector<std::string>& environment)
{
    std::vector<char*> names;
    std::string path = program;
    for (const std::string& entry : environment) names.push_back(const_cast<char*>(entry.c_str()));
#ifdef OPENWINRM_SANITIZED
    for (const char* name : {"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS="})
        for (char** entry = environ; *entry; ++entry)
            if (std::strncmp(*entry, name, std::strlen(name)) == 0) names.push_back(*entry);
#endif
    names.push_back(nullptr);
    char* arguments[] = {path.data(), nullptr};
    ::execve(program.c_str(), arguments, names.data());
    give_up(program + " cannot be started: " + std::strerror(errno));
}

std::vector<std::string> environment_of(const identity& who)
{
    const char* path = who.uid() == 0 ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                                      : "/usr/local/bin:/usr/bin:/bin";
    return {std::string{"PATH="} + path, "HOME=" + who.home(),   "USER=" + who.name(),
            "LOGNAME=" + who.name(),     "SHELL=" + who.shell(), "LANG=C.UTF-8"};
}

/// @param keeper  of the PAM session, our parent; 0 = there is none
[[noreturn]] void become_user_process(const user_start& how, const identity& who, int control,
                                      std::vector<std::string> environment, pid_t keeper)
{
    ::setsid();
    arrange_descriptors(control);
    if (!how.cgroup_procs.empty()) {
        const int procs = ::open(how.cgroup_procs.c_str(), O_WRONLY | O_CLOEXEC);
        if (procs < 0 || ::write(procs, "0", 1) != 1) give_up("the account's cgroup cannot be joined");
        ::close(procs);
    }
    if (how.switch_account)
        if (const std::string problem =
                become(who.name(), who.uid(), who.gid(), keeper != 0 ? groups::kept : groups::of_account);
            !problem.empty())
            give_up("cannot become the account: " + problem);
    if (keeper != 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != keeper) ::_exit(cannot_start); // it has gone already
    } else {
        ::umask(022);
    }
    if (::chdir(who.home().c_str()) != 0 && ::chdir("/") != 0) give_up("no working directory");
    execute(how.program, environment);
}

/// Root keeps the session open and waits; it reads nothing from anybody.
[[noreturn]] void keep_session(const user_start& how, const identity& who, int control)
{
    arrange_descriptors(control);
    ::prctl(PR_SET_NAME, "winrmd-session");
    int status = cannot_start;
    ::umask(022); // before the session, where a module (pam_umask) may set another
    {
        // Before the session, where a module (pam_group) may add some.
        if (::initgroups(who.name().c_str(), who.gid()) != 0) give_up("the account's groups cannot be taken on");
        pam_session session{how.pam_service, who.name(), how.peer};
        if (!session.open()) give_up("PAM opens no session");
        auto environment = environment_of(who);
        for (const std::string& entry : session.environment())
            environment.push_back(std::string{wire::session_prefix} + entry);
        const pid_t keeper = ::getpid(), pid = fork_clean();
        if (pid == 0) become_user_process(how, who, control_number, std::move(environment), keeper);
        ::close(control_number);
        if (pid > 0) {
            int raw = 0;
            while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {}
            status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
        }
    }
    ::_exit(status);
}

} // namespace

std::string helper_path(const std::string& name)
{
    std::string own(4096, '\0');
    const ssize_t got = ::readlink("/proc/self/exe", own.data(), own.size());
    own.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::string folder = own.substr(0, own.find_last_of('/') + 1);
    for (const std::string& place :
         {folder + name, folder + "../libexec/openwinrm/" + name, std::string{OPENWINRM_LIBEXECDIR "/"} + name})
        if (::access(place.c_str(), X_OK) == 0) return place;
    return {};
}

pid_t start_front(const std::string& program, io::unique_fd control)
{
    const pid_t pid = fork_clean();
    if (pid != 0) return pid;
    give_back_limits();
    arrange_descriptors(control.get());
    execute(program, {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"});
}

pid_t start_user(const user_start& how, const identity& who, io::unique_fd control)
{
    const pid_t pid = fork_clean();
    if (pid != 0) return pid;
    give_back_limits(); // before the session, where a module (pam_limits) may set others
    if (!how.pam_service.empty()) keep_session(how, who, control.get());
    become_user_process(how, who, control.get(), environment_of(who), 0);
}

} // namespace winrm::service::monitor
