#include "service/monitor/login_floor.h"

#include <algorithm>

namespace winrm::service::monitor {

using duration = base::time_point::duration;

void login_floor::seed(base::milliseconds hash, base::milliseconds most)
{
    hash_ = hash;
    most_ = std::max(most, base::milliseconds{1});
}

void login_floor::took(duration spent, base::time_point now)
{
    if (now - since_ >= window) {
        previous_ = now - since_ < 2 * window ? current_ : duration{};
        current_ = {};
        since_ = now;
    }
    current_ = std::max(current_, spent);
}

duration login_floor::floor(base::time_point now) const
{
    if (!seeded()) return {};
    const duration age = now - since_;
    duration slowest = hash_;
    if (age < 2 * window) slowest = std::max(slowest, current_);
    if (age < window) slowest = std::max(slowest, previous_);
    return std::min({slowest + slowest / 2 + margin, duration{highest}, most_});
}

base::time_point login_floor::release(base::time_point began, base::time_point now, std::uint32_t chance) const
{
    const duration step = floor(now);
    if (step.count() == 0) return now;
    const duration spent = std::max(now - began, duration{1});
    const auto steps = (spent + step - duration{1}) / step;
    const duration more = step / 8 * (chance % 1024) / 1024;
    return std::max(now, std::min(began + steps * step + more, began + most_));
}

} // namespace winrm::service::monitor
