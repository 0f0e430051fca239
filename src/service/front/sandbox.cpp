#include "service/front/sandbox.h"

#include "service/front/landlock.h"
#include "service/front/seccomp_filter.h"

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

namespace winrm::service::front {
namespace {

std::string failed(const char* step) { return std::string{step} + ": " + std::strerror(errno); }

bool set_limit(decltype(RLIMIT_NOFILE) which, rlim_t value)
{
    rlimit limit{};
    if (::getrlimit(which, &limit) != 0) return false;
    // Root may go above the hard limit if it has CAP_SYS_RESOURCE; who may not runs with what there is (the monitor has
    // seen to it that it is enough).
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
    // A log in a regular file would be cut off: only an inherited stderr that is no file allows this one.
    if (::lseek(STDERR_FILENO, 0, SEEK_CUR) < 0 && !set_limit(RLIMIT_FSIZE, 0)) return failed("RLIMIT_FSIZE");
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE");
    return {};
}

/// The folder is removed before it becomes the root: nothing is in it and nothing can ever be made in it.
std::string enter_empty_root()
{
    for (const char* place : {"/run/winrmd-XXXXXX", "/tmp/winrmd-XXXXXX"}) {
        char path[32];
        std::strcpy(path, place);
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

/// All that this kernel knows; the first number beyond is EINVAL.
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

} // namespace

sandbox_report enter_sandbox(std::uint64_t max_descriptors)
{
    sandbox_report report;
    const bool root = ::geteuid() == 0;
    uid_t uid = 65534; // nobody; winrmd --check advises an account of its own (service/monitor/config.cpp)
    gid_t gid = 65534;
    if (root)
        if (const passwd* account = ::getpwnam("winrmd"); account && account->pw_uid != 0) {
            uid = account->pw_uid;
            gid = account->pw_gid;
        }
    ::tzset(); // reads its file now, while there are files

    report.problem = limit_resources(max_descriptors);
    if (report.problem.empty() && root) {
        report.problem = enter_empty_root();
        report.empty_root = report.problem.empty();
        if (report.problem.empty()) report.problem = leave_root(uid, gid);
        report.own_uid = report.problem.empty();
    }
    if (!report.problem.empty()) return report;
    report.uid = ::geteuid();

    // setresuid has made the process dumpable again on some kernels
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    // Has taken this back, too: with the monitor goes one that hangs. (Its socket tells one that does not.)
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    report.no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!report.no_new_privileges) {
        report.problem = failed("no_new_privs");
        return report;
    }
    report.landlock_abi = deny_with_landlock();
    if (report.landlock_abi < 0) {
        report.problem = failed("landlock");
        return report;
    }
    report.problem = load_seccomp_filter();
    report.seccomp = report.problem.empty();
    return report;
}

} // namespace winrm::service::front
