// UTF-8 and UTF-16, and making foreign text safe to show.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>

namespace winrm::base {

/// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(bytes_view text) noexcept;

enum class utf16_order { little, big };
/// nullopt for an odd number of bytes or an unpaired surrogate. No byte-order mark is read or removed.
[[nodiscard]] std::optional<std::string> utf16_to_utf8(bytes_view text, utf16_order order);
/// nullopt if `text` is not UTF-8. No byte-order mark is written.
[[nodiscard]] std::optional<bytes> utf8_to_utf16(bytes_view text, utf16_order order);

/// Length of the longest prefix of `text` (<= `limit`) that does not end inside a UTF-8 sequence; `limit` itself if
/// the text around it is not UTF-8 anyway (raw bytes are then cut anywhere).
[[nodiscard]] std::size_t utf8_cut(bytes_view text, std::size_t limit) noexcept;

/// For logs and terminals: control characters, ESC, DEL, C1 and bad UTF-8 become \xNN; cut to `max` bytes with "…".
[[nodiscard]] std::string printable(bytes_view text, std::size_t max = 500);

/// ASCII-only case folding, as selectors, booleans and HTTP fields need.
[[nodiscard]] bool iequals(bytes_view a, bytes_view b) noexcept;
[[nodiscard]] std::string lower(bytes_view text);
/// A sentence as part of a longer one: "The realm is not known." → "the realm is not known", "NTLM is off." → "NTLM is
/// off".
[[nodiscard]] std::string clause(bytes_view sentence);
[[nodiscard]] bytes_view trim(bytes_view text) noexcept;

/// xs:boolean in any case ("true", "1", "False"…); nullopt for anything else.
[[nodiscard]] std::optional<bool> parse_bool(bytes_view text) noexcept;
/// Whole text must be decimal digits and fit.
[[nodiscard]] std::optional<std::uint64_t> parse_unsigned(bytes_view text) noexcept;

} // namespace winrm::base
