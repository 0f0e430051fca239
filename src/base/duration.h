// xs:duration as WS-Management uses it (OperationTimeout, IdleTimeOut, Lifetime; MS-WSMV 3.1.4.1.6).
#pragma once

#include "base/bytes.h"

#include <chrono>
#include <optional>

namespace winrm::base {

using std::chrono::milliseconds;
/// Monotonic time. Pure code gets `now` as an argument and never asks a clock.
using time_point = std::chrono::steady_clock::time_point;

/// All of xs:duration that has an exact length: "PT20S", "P1DT2H3M4.5S", "P0Y0M0DT0H1M0S", "-PT0S" (years and months
/// may be zero). More than 2400 days count as 2400 days, so that sums cannot overflow.
/// nullopt: not an xs:duration, below zero (no time of WS-Management can be), or years or months, which have no length.
[[nodiscard]] std::optional<milliseconds> parse_duration(bytes_view text) noexcept;
/// "PT20.000S": the one form that every version of Windows takes.
[[nodiscard]] std::string format_duration(milliseconds value);
/// For messages to people: "15 s", "0.5 s".
[[nodiscard]] std::string in_seconds(milliseconds value);

} // namespace winrm::base
