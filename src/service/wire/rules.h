// Which frames a process accepts, and when: one table per direction. A frame without a row is a protocol error, and
// ends the process that sent it (or, if the monitor did, the one that got it).
#pragma once

#include "service/wire/frames.h"

#include <array>

namespace winrm::service::wire {

/// One row. `frame` is the index in wire::frame, from frame_index().
template <class State, class Duty> struct rule
{
    State in;
    std::size_t frame;
    Duty what;
};

/// @return nullptr: not accepted in this state.
template <class State, class Duty, std::size_t N>
[[nodiscard]] constexpr const rule<State, Duty>* find_rule(const std::array<rule<State, Duty>, N>& rules, State in,
                                                           std::size_t index) noexcept
{
    for (const rule<State, Duty>& r : rules)
        if (r.in == in && r.frame == index) return &r;
    return nullptr;
}

} // namespace winrm::service::wire
