// JSON as it was written: member names in order, numbers as text. RFC 8259.
#pragma once

#include "base/bytes.h"
#include "clixml/reader.h"

#include <winrm/result.h>

#include <string>
#include <vector>

namespace winrm::clixml {

struct json_node
{
    enum class type : std::uint8_t { null, boolean, number, string, array, object };
    type is = type::null;
    std::size_t at = 0;             ///< octet of the JSON that it begins at
    std::string text;               ///< of a number as written; of a string its characters; "true", "false"
    std::vector<std::string> names; ///< of an object's members, one for each of `items`
    std::vector<json_node> items;

    /// nullptr: no such member.
    [[nodiscard]] const json_node* find(base::bytes_view name) const noexcept;
};

/// @errors as from_json().
[[nodiscard]] result<json_node> parse_json(base::bytes_view json, const limits& bounds);

/// `why` with line and column of that octet.
[[nodiscard]] error located(base::bytes_view json, std::size_t at, errc code, const char* why);

/// A JSON string with its quotes. Surrogates without their half become \udXXX, what is no UTF-8 '?'. Appends to `out`.
void append_json_string(base::bytes_view text, std::string& out);

} // namespace winrm::clixml
