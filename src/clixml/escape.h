// Text as CLIXML writes it: _xHHHH_ (MS-PSRP 2.2.5.3.2) inside of XML's own escapes.
#pragma once

#include "base/bytes.h"

#include <string>

namespace winrm::clixml {

/// XML character data or an attribute's value to characters: references replaced, ends of lines made one (XML 1.0 2.11,
/// 3.3.3). Appends to `out`.
/// @return false: a reference that is none, or to no character of XML.
[[nodiscard]] bool decode_markup(base::bytes_view raw, bool cdata, bool attribute, std::string& out);

/// Every '&' in it begins a reference to a character.
[[nodiscard]] bool has_good_references(base::bytes_view raw);

/// _xHHHH_ and _xHHHHHHHH_ to characters, two halves of a surrogate pair to one; a half alone stands as three bytes.
/// Appends to `out`.
void decode_escapes(base::bytes_view text, std::string& out);

/// Both ways at once, as PowerShell writes: control characters, what lies beyond U+FFFF, and underscores that would be
/// read as an escape become _xHHHH_. What is no UTF-8 becomes '?'. Appends to `out`.
void encode(base::bytes_view text, bool attribute, std::string& out);

/// XML's escapes alone, for texts that hold no _xHHHH_ (base64, numbers, version).
void encode_markup(base::bytes_view text, std::string& out);

/// A code point's UTF-8, surrogates included.
void append_utf8(char32_t c, std::string& out);

} // namespace winrm::clixml
