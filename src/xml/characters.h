// Which characters XML can carry.
#pragma once

#include "base/bytes.h"

namespace winrm::xml {

/// XML 1.0 section 2.2, Char. `c` is a code point of Unicode, not a surrogate.
[[nodiscard]] constexpr bool is_xml_character(char32_t c) noexcept
{
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c != 0xFFFE && c != 0xFFFF;
}

/// UTF-8 that the writer puts down without a '?' for anything in it.
[[nodiscard]] bool is_xml_text(base::bytes_view text) noexcept;

} // namespace winrm::xml
