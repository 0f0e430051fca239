// How long a refused login waits, so that time does not tell which accounts exist. Pure: `now` and chance are
// arguments.
#pragma once

#include "base/duration.h"

#include <cstdint>

namespace winrm::service::monitor {

/// One floor for every refusal, whatever its reason: more than a check that hashes takes on this machine. It follows
/// the slowest check of the last hours, so other hash methods and servers behind PAM count as soon as one of their
/// accounts was checked. Not yet seeded, it holds nothing.
class login_floor
{
public:
    static constexpr base::milliseconds window{6 * 60 * 60 * 1000}; ///< a slow check counts for one to two of these
    static constexpr base::milliseconds margin{20};                 ///< beside the hash: modules that are loaded
    static constexpr base::milliseconds highest{5'000};

    /// @param hash  what one hash of this machine's kind takes; the floor never sinks below it
    /// @param most  time for one check; nothing is held beyond it
    void seed(base::milliseconds hash, base::milliseconds most);
    [[nodiscard]] bool seeded() const noexcept { return most_.count() != 0; }
    /// A check has ended with a verdict about the password.
    void took(base::time_point::duration spent, base::time_point now);
    [[nodiscard]] base::time_point::duration floor(base::time_point now) const;
    /// @param began   the check
    /// @param chance  any number: adds up to an eighth of the floor. What little still differs drowns in it, as the
    ///                gate allows few attempts.
    /// @return when its refusal may leave, a whole number of floors after `began`; never before `now`, and beyond
    /// `most`
    ///         after `began` only if it is that late already
    [[nodiscard]] base::time_point release(base::time_point began, base::time_point now, std::uint32_t chance) const;

private:
    base::time_point::duration hash_{}, most_{}, current_{}, previous_{};
    base::time_point since_{}; ///< begin of the current window
};

} // namespace winrm::service::monitor
