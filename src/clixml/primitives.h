// The text of a primitive (MS-PSRP 2.2.5.1) and its value.
#pragma once

#include "clixml/value.h"

#include <optional>
#include <string>

namespace winrm::clixml {

/// `words` is XML's text without references; for a string, URI, XML document and script also without _xHHHH_.
/// @return nullopt: not of that kind, or out of its range.
[[nodiscard]] std::optional<value> parse_primitive(kind what, base::bytes_view words);

/// What stands between the tags, before any escaping; base64 for bytes. Appends to `out`.
/// Precondition: `v` is a primitive, not null.
void format_primitive(const value& v, std::string& out);

/// Their text holds _xHHHH_ for what XML cannot carry (2.2.5.3.2).
[[nodiscard]] constexpr bool is_escaped(kind what) noexcept
{
    return what == kind::string || what == kind::uri || what == kind::xml_document || what == kind::script_block;
}

[[nodiscard]] std::optional<date_time> parse_date_time(base::bytes_view text) noexcept;
[[nodiscard]] std::optional<duration> parse_timespan(base::bytes_view text) noexcept;

} // namespace winrm::clixml
