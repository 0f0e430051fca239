#include "service/monitor/own_limits.h"

#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace winrm::service::monitor {
namespace {

struct limit
{
    int what;
    std::optional<rlim_t> found; ///< the soft one
};
limit files{RLIMIT_NOFILE, {}}, core{RLIMIT_CORE, {}};

void set(limit& l, bool to_most)
{
    rlimit now{};
    if (::getrlimit(l.what, &now) != 0) return;
    l.found = now.rlim_cur;
    now.rlim_cur = to_most ? now.rlim_max : 0;
    ::setrlimit(l.what, &now);
}

} // namespace

void take_own_limits()
{
    set(files, true);
    set(core, false);
#ifndef OPENWINRM_SANITIZED // the leak checker reads our memory from outside
    ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

void give_back_limits()
{
    for (const limit& l : {files, core}) {
        rlimit now{};
        if (!l.found || ::getrlimit(l.what, &now) != 0) continue;
        now.rlim_cur = *l.found;
        ::setrlimit(l.what, &now);
    }
}

} // namespace winrm::service::monitor
