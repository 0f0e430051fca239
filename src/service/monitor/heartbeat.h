// Heartbeat of another process: when to ping, and when it counts as hung. Pure: `now` is an argument.
#pragma once

#include "base/duration.h"

namespace winrm::service::monitor {

/// Pings once per interval, and gives up when a ping has had no answer for `patience`.
class heartbeat
{
public:
    enum class step { nothing, ask, give_up };

    heartbeat(base::milliseconds interval, base::milliseconds patience, base::time_point now)
        : interval_(interval), patience_(patience), next_(now)
    {}
    [[nodiscard]] base::time_point deadline() const noexcept { return next_; }
    /// At the deadline; earlier calls do nothing. give_up comes once.
    [[nodiscard]] step handle_timeout(base::time_point now);
    void answered(base::time_point now);
    /// No ping has waited for longer than an interval. The systemd watchdog is fed only while this holds.
    [[nodiscard]] bool alive(base::time_point now) const noexcept
    {
        return state_ == state::idle || (state_ == state::asked && now - asked_ <= interval_);
    }
    [[nodiscard]] base::milliseconds silence(base::time_point now) const
    {
        return std::chrono::duration_cast<base::milliseconds>(now - asked_);
    }

private:
    enum class state { idle, asked, given_up };
    base::milliseconds interval_, patience_;
    state state_ = state::idle;
    base::time_point next_, asked_{};
};

} // namespace winrm::service::monitor
