#include "service/user/descriptor_limit.h"

#include <algorithm>
#include <sys/resource.h>

namespace winrm::service::user {
namespace {

constexpr rlim_t most_spares = 64;

} // namespace

descriptor_limit::descriptor_limit()
{
    rlimit now{};
    if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return;
    before_ = now.rlim_cur;
    rlimit raised = now;
    raised.rlim_cur = now.rlim_max;
    const rlim_t all = ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : now.rlim_cur;
    first_spare_ = all - std::min(most_spares, all / 4);
}

descriptor_limit::~descriptor_limit()
{
    rlimit now{};
    if (before_ == 0 || ::getrlimit(RLIMIT_NOFILE, &now) != 0) return;
    now.rlim_cur = std::min<rlim_t>(before_, now.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &now);
}

} // namespace winrm::service::user
