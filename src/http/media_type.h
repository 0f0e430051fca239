// Field values with structure: media types and lists of words.
#pragma once

#include <string>
#include <string_view>

namespace winrm::http {

struct media_type
{
    std::string type;    ///< lower case, without parameters
    std::string charset; ///< as sent, without quotes; "" if absent
};

[[nodiscard]] media_type parse_media_type(std::string_view value);

/// Does the comma-separated list hold this word, in any case?
[[nodiscard]] bool list_has(std::string_view list, std::string_view word) noexcept;

} // namespace winrm::http
