// Text files that come from Windows: byte-order marks, and text that is not UTF-8 at all.
#pragma once

#include "base/bytes.h"

namespace winrm::base {

/// The byte-order mark that Windows' editors and `Out-File -Encoding utf8` put before UTF-8. It is no part of the text.
inline constexpr bytes_view utf8_mark = "\xEF\xBB\xBF";

/// `text` without a UTF-8 byte-order mark at its beginning.
[[nodiscard]] bytes_view without_mark(bytes_view text) noexcept;

/// By its first four bytes (fewer will do): is it UTF-16 or UTF-32, with mark or without?
/// @return ""  = no. Else what it is and how to convert it, static text to stand after "the file holds ".
[[nodiscard]] bytes_view foreign_encoding(bytes_view begin) noexcept;

} // namespace winrm::base
