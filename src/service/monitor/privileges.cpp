#include "service/monitor/privileges.h"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace winrm::service::monitor {

std::string become(const std::string& name, uid_t uid, gid_t gid, groups which)
{
    const auto failed = [](const char* step) { return std::string{step} + ": " + std::strerror(errno); };
    if (which == groups::of_account && ::initgroups(name.c_str(), gid) != 0) return failed("initgroups");
    if (::setresgid(gid, gid, gid) != 0) return failed("setresgid");
    if (::setresuid(uid, uid, uid) != 0) return failed("setresuid");
    uid_t real = 0, effective = 0, saved = 0;
    gid_t group_real = 0, group_effective = 0, group_saved = 0;
    if (::getresuid(&real, &effective, &saved) != 0 || ::getresgid(&group_real, &group_effective, &group_saved) != 0)
        return failed("getresuid");
    if (real != uid || effective != uid || saved != uid || group_real != gid || group_effective != gid ||
        group_saved != gid)
        return "the account was not taken on completely";
    if (uid == 0) return {};
    if (::setuid(0) == 0 || ::seteuid(0) == 0 || (gid != 0 && ::setegid(0) == 0)) return "root could be regained";
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct now[2] = {};
    if (::syscall(SYS_capset, &header, now) != 0) return failed("capset");
    if (::syscall(SYS_capget, &header, now) != 0) return failed("capget");
    if (now[0].effective != 0 || now[0].permitted != 0 || now[1].effective != 0 || now[1].permitted != 0)
        return "capabilities are left";
    return {};
}

bool act_as(uid_t uid, gid_t gid)
{
    return ::setgroups(0, nullptr) == 0 && ::setegid(gid) == 0 && ::seteuid(uid) == 0 && ::geteuid() == uid;
}

} // namespace winrm::service::monitor
