#include "service/monitor/heartbeat.h"

#include <algorithm>

namespace winrm::service::monitor {

heartbeat::step heartbeat::handle_timeout(base::time_point now)
{
    if (now < next_ || state_ == state::given_up) return step::nothing;
    if (state_ == state::idle) {
        state_ = state::asked;
        asked_ = now;
        next_ = now + patience_;
        return step::ask;
    }
    if (now - next_ > interval_) { // this process was suspended, so the answer may be unread
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
    state_ = state::idle;
    next_ = std::max(now, asked_ + interval_);
}

} // namespace winrm::service::monitor
