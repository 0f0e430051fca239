// Small things about text that several parts of the program need. Pure.
#pragma once

#include "base/bytes.h"
#include "base/duration.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace winrm::cli {

/// "250ms", "30s", "5m", "2h", "1d", "1m30s"; a bare number is seconds. nullopt: not a time, or above 24 days.
[[nodiscard]] std::optional<base::milliseconds> parse_time(base::bytes_view text) noexcept;
/// Shortest of the above: "250ms", "90s", "5m".
[[nodiscard]] std::string format_time(base::milliseconds value);

/// Pattern with * (any run) and ? (one character); ASCII letters in any case, as host names are.
[[nodiscard]] bool glob_match(base::bytes_view pattern, base::bytes_view text) noexcept;

/// The word of `known` that `typed` most likely means; "" if none is near.
[[nodiscard]] std::string nearest(base::bytes_view typed, const std::vector<std::string>& known);

/// Makes a stream from a host harmless for a terminal: line feed, carriage return, tab, backspace and bell pass, text
/// in UTF-8 passes, other control characters (C0, DEL, C1) come out in caret notation and bytes that are not UTF-8 as
/// U+FFFD. Keeps up to three bytes of an unfinished character from one piece to the next.
class terminal_filter
{
public:
    [[nodiscard]] std::string pass(base::bytes_view piece);
    /// What is left at the end of the stream.
    [[nodiscard]] std::string flush();

private:
    std::string kept_;
};

} // namespace winrm::cli
