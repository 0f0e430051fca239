// The fixed mapping between values and JSON, both ways (doc/CLIXML.md).
#pragma once

#include "clixml/reader.h"
#include "clixml/value.h"

#include <winrm/result.h>

#include <string>
#include <vector>

namespace winrm::clixml {

struct json_options
{
    /// For readers that want the values alone: no "$" members, enums by name, dates and other text as strings. It
    /// cannot be read back to the same value. Whatever stands in a value more than once is written out each time, until
    /// 100 000 values were; then, and for a reference to an enclosing object, null.
    bool plain = false;
};

/// One line without white space, UTF-8. Grows with what is in memory, never with what Refs unfold to.
[[nodiscard]] std::string to_json(const value& what, const json_options& options = {});
/// The same with the stream that it came on: {"$stream": "Error", "$item": …}; without one as to_json().
[[nodiscard]] std::string to_json(const item& what, const json_options& options = {});

/// What to_json() wrote, unless plain; and any other JSON: arrays are System.Object[], objects have extended
/// properties.
/// @errors protocol: not JSON (line and column are said), or a "$" member that is not as in the mapping;
///         too_large: a bound of `limits`.
[[nodiscard]] result<item> item_from_json(base::bytes_view json, const limits& bounds = {});
[[nodiscard]] result<value> from_json(base::bytes_view json, const limits& bounds = {});

/// Of an array its items, else the one.
[[nodiscard]] result<std::vector<item>> items_from_json(base::bytes_view json, const limits& bounds = {});

} // namespace winrm::clixml
