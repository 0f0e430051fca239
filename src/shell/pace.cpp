#include "shell/pace.h"

#include <algorithm>
#include <utility>

namespace winrm::shell {

base::milliseconds pace::answered(answer what, base::milliseconds took)
{
    lost_ = 0;
    silent_ = 0;
    const bool early = what != answer::progress && took < options_.no_wait_at_all;
    const bool repeated = std::exchange(empty_before_, early && what == answer::empty);
    if (!early) {
        next_rest_ = base::milliseconds{0};
        return next_rest_;
    }
    // One empty answer at once is no reason to rest: some hosts send it when a stream was closed.
    if (what == answer::empty && !repeated) return base::milliseconds{0};
    const auto rest = std::max(next_rest_, options_.first_rest);
    next_rest_ = std::min(rest * 2, options_.longest_rest);
    return rest;
}

std::optional<base::milliseconds> pace::failed(errc why)
{
    switch (why) {
    case errc::timeout: // a firewall may have dropped the connection silently; a new one works
        if (silent_++ < options_.silent_tries) return base::milliseconds{0};
        return std::nullopt;
    case errc::connection_lost:
    case errc::connect:
    case errc::unresolved:
        if (lost_ < options_.tries.size()) return options_.tries[lost_++];
        return std::nullopt;
    default: return std::nullopt;
    }
}

} // namespace winrm::shell
