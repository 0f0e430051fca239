// UTF-8 or UTF-16, either order, with or without byte-order mark: settled here, before any XML is read.
#pragma once

#include "base/bytes.h"
#include "base/text.h"

#include <winrm/result.h>

namespace winrm::soap {

enum class charset { utf8, utf16_le, utf16_be };

struct decoded
{
    std::string text; ///< UTF-8 without byte-order mark
    charset encoding; ///< reply in this one
};

/// @param name  charset parameter of the media type: any case, may be empty (then the mark, then the XML declaration's
///              first bytes decide; default UTF-8). A mark that contradicts the name is an error.
/// @errors protocol: unknown charset (UTF-7, ISO-8859-1…), bad sequences, unpaired surrogates.
[[nodiscard]] result<decoded> decode(base::bytes&& body, base::bytes_view name);
/// UTF-16 gets a byte-order mark, as Windows writes it; UTF-8 none. Moves through for UTF-8.
[[nodiscard]] base::bytes encode(std::string&& utf8, charset encoding);
/// "application/soap+xml;charset=UTF-8" or "…UTF-16"
[[nodiscard]] base::bytes_view media_type(charset encoding) noexcept;

} // namespace winrm::soap
