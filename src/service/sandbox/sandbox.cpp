#include "service/sandbox/sandbox.h"

#include "service/sandbox/landlock.h"
#include "service/sandbox/seccomp_filter.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace winrm::service::sandbox {
namespace {

std::string failed(const char* step) { return std::string{step} + ": " + std::strerror(errno); }

bool set_limit(decltype(RLIMIT_NOFILE) which, rlim_t value)
{
    rlimit limit{};
    if (::getrlimit(which, &limit) != 0) return false;
    // With CAP_SYS_RESOURCE the hard limit can be raised; without, it is used as it is (the monitor has checked that it
    // is enough).
    const rlim_t most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = value;
    if (::setrlimit(which, &limit) == 0) return true;
    limit.rlim_cur = limit.rlim_max = std::min(value, most);
    return ::setrlimit(which, &limit) == 0;
}

std::string limit_resources(std::uint64_t max_descriptors)
{
    if (!set_limit(RLIMIT_NOFILE, max_descriptors)) return failed("RLIMIT_NOFILE");
    if (!set_limit(RLIMIT_CORE, 0)) return failed("RLIMIT_CORE");
    if (!set_limit(RLIMIT_NPROC, 0)) return failed("RLIMIT_NPROC");
    // Not if stderr is a regular file: the log could not grow.
    if (::lseek(STDERR_FILENO, 0, SEEK_CUR) < 0 && !set_limit(RLIMIT_FSIZE, 0)) return failed("RLIMIT_FSIZE");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE");
    return {};
}

/// The folder is removed before it becomes the root, so that it is empty and nothing can be made in it.
std::string enter_empty_root()
{
    for (const char* pattern : {"/run/winrmd-XXXXXX", "/tmp/winrmd-XXXXXX"}) {
        char path[32];
        std::strcpy(path, pattern);
        if (::mkdtemp(path) == nullptr) continue;
        const bool inside = ::chdir(path) == 0;
        if (::rmdir(path) != 0 || !inside) return failed("empty root folder");
        if (::chroot(".") != 0) return failed("chroot");
        return {};
    }
    return failed("empty root folder");
}

std::string drop_capabilities()
{
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    const __user_cap_data_struct none[2] = {};
    if (::syscall(SYS_capset, &header, none) != 0) return failed("capset");
    return {};
}

/// All capabilities of this kernel; the first number beyond them gives EINVAL.
std::string empty_bounding_set()
{
    int capability = 0;
    while (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) ++capability;
    return errno == EINVAL && capability > 0 ? std::string{} : failed("PR_CAPBSET_DROP");
}

std::string leave_root(uid_t uid, gid_t gid)
{
    if (std::string problem = empty_bounding_set(); !problem.empty()) return problem;
    if (::setgroups(0, nullptr) != 0) return failed("setgroups");
    if (::setresgid(gid, gid, gid) != 0) return failed("setresgid");
    if (::setresuid(uid, uid, uid) != 0) return failed("setresuid");
    if (::setuid(0) == 0 || ::setgid(0) == 0) return "root could be regained";
    return drop_capabilities();
}

/// Each has its own, so that one that is taken over has no power over the other.
const char* account_of(role who) { return who == role::front ? "winrmd" : "winrmd-token"; }

} // namespace

void sandbox_report::write_to(base::log_sink& log) const
{
    const auto on_off = [](bool value) { return value ? "on" : "off"; };
    log.write(base::log_level::info, "sandbox",
              {{"no_new_privs", on_off(no_new_privileges)},
               {"seccomp", on_off(seccomp)},
               {"landlock_abi", std::to_string(landlock_abi)},
               {"own_uid", on_off(own_uid)},
               {"empty_root", on_off(empty_root)},
               {"uid", std::to_string(uid)}});
}

sandbox_report enter_sandbox(role who, std::uint64_t max_descriptors, const std::vector<std::string>& readable)
{
    sandbox_report report;
    const bool root = ::geteuid() == 0;
    report.reads_files = !readable.empty() && landlock_abi() > 0;
    uid_t uid = 65534; // nobody; winrmd --check advises an account of its own (service/monitor/config.cpp)
    gid_t gid = 65534;
    if (root)
        if (const passwd* account = ::getpwnam(account_of(who)); account && account->pw_uid != 0) {
            uid = account->pw_uid;
            gid = account->pw_gid;
        }
    ::tzset(); // reads its file now, while there are files

    report.problem = limit_resources(max_descriptors);
    if (report.problem.empty() && root) {
        if (!report.reads_files) report.problem = enter_empty_root();
        report.empty_root = !report.reads_files && report.problem.empty();
        if (report.problem.empty()) report.problem = leave_root(uid, gid);
        report.own_uid = report.problem.empty();
    }
    if (!report.problem.empty()) return report;
    report.uid = ::geteuid();

    // setresuid has made the process dumpable again on some kernels
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    // Reset by setresuid too. It ends a process that hangs with the monitor; others see their socket close.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    report.no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!report.no_new_privileges) {
        report.problem = failed("no_new_privs");
        return report;
    }
    report.landlock_abi = deny_with_landlock(report.reads_files ? readable : std::vector<std::string>{});
    if (report.landlock_abi < 0) {
        report.problem = failed("landlock");
        return report;
    }
    report.problem = load_seccomp_filter(who, !readable.empty() && (report.reads_files || report.empty_root));
    report.seccomp = report.problem.empty();
    return report;
}

} // namespace winrm::service::sandbox
