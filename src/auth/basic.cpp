#include "auth/basic.h"

#include "base/base64.h"
#include "base/text.h"

#include <algorithm>
#include <utility>

namespace winrm::auth {
namespace {

constexpr std::size_t max_part = 1024; // bytes of user or password

bool is_base64_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=';
}

/// RFC 7617 2: neither part may hold control characters.
bool is_clean(base::bytes_view text) noexcept
{
    return base::is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7f;
           });
}

} // namespace

base::secret make_basic(base::bytes_view user, base::bytes_view password)
{
    // Room first: a string that grows leaves its earlier bytes behind.
    std::string clear;
    clear.reserve(user.size() + 1 + password.size());
    clear.append(user).append(1, ':').append(password);
    std::string value;
    value.reserve(6 + base::base64_encoded_size(clear.size()));
    value = "Basic ";
    base::base64_encode(clear, value);
    base::wipe(clear.data(), clear.size());
    return base::secret{std::move(value)};
}

std::optional<basic_credentials> parse_basic(base::bytes_view authorization)
{
    constexpr std::size_t scheme = 5;
    if (authorization.size() <= scheme || !base::iequals(authorization.substr(0, scheme), "Basic")) return std::nullopt;
    base::bytes_view token = authorization.substr(scheme);
    if (token.front() != ' ') return std::nullopt;
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    if (token.empty() || token.size() > base::base64_encoded_size(2 * max_part + 1)) return std::nullopt;
    if (!std::all_of(token.begin(), token.end(), is_base64_character)) return std::nullopt;

    std::string decoded;
    decoded.reserve(token.size());
    if (!base::base64_decode(token, decoded)) return std::nullopt;
    const base::secret clear{std::move(decoded)};
    const base::bytes_view text = clear.reveal();
    const std::size_t colon = text.find(':'); // the user cannot hold one, the password can
    if (colon == base::bytes_view::npos || colon == 0) return std::nullopt;
    const base::bytes_view user = text.substr(0, colon), password = text.substr(colon + 1);
    if (user.size() > max_part || password.size() > max_part) return std::nullopt;
    if (!is_clean(user) || !is_clean(password)) return std::nullopt;
    return basic_credentials{std::string{user}, base::secret{std::string{password}}};
}

} // namespace winrm::auth
