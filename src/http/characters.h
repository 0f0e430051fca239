// Character classes of RFC 9110 5.6.
#pragma once

#include <algorithm>
#include <string_view>

namespace winrm::http {

[[nodiscard]] constexpr bool is_token_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

/// Tab, space and everything visible, bytes above 0x7f included; CR and LF are not.
[[nodiscard]] constexpr bool is_field_character(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

} // namespace winrm::http
