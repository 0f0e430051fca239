// xs:duration as WS-Management uses it (OperationTimeout, IdleTimeOut, Lifetime; MS-WSMV 3.1.4.1.6).
#pragma once

#include "base/bytes.h"

#include <chrono>
#include <optional>

namespace winrm::base {

using std::chrono::milliseconds;
/// Monotonic time. Pure code gets `now` as an argument and never asks a clock.
using time_point = std::chrono::steady_clock::time_point;

/// "PT20S", "PT7200.000S", "P0DT0H0M0S", "P1DT2H3M4.5S". nullopt: not a duration, negative, years or months, or beyond
/// 24 days of milliseconds * 100 (so that sums cannot overflow).
[[nodiscard]] std::optional<milliseconds> parse_duration(bytes_view text) noexcept;
/// "PT20.000S": the one form that every version of Windows takes.
[[nodiscard]] std::string format_duration(milliseconds value);
/// For messages to people: "15 s", "0.5 s".
[[nodiscard]] std::string in_seconds(milliseconds value);

} // namespace winrm::base
