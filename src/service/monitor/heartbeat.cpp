#include "service/monitor/heartbeat.h"

#include <algorithm>

namespace winrm::service::monitor {

heartbeat::step heartbeat::handle_timeout(base::time_point now)
{
    if (now < next_ || state_ == state::given_up) return step::nothing;
    if (state_ == state::quiet) {
        state_ = state::asked;
        asked_ = now;
        next_ = now + patience_;
        return step::ask;
    }
    if (now - next_ > interval_) { // it was us who slept: the answer may lie there unread
        asked_ = now;
        next_ = now + patience_;
        return step::ask;
    }
    state_ = state::given_up;
    next_ = base::time_point::max();
    return step::give_up;
}

void heartbeat::answered(base::time_point now)
{
    if (state_ != state::asked) return;
    state_ = state::quiet;
    next_ = std::max(now, asked_ + interval_);
}

} // namespace winrm::service::monitor
