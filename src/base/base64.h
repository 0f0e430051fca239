// RFC 4648 base64, the hot path of every stream block (MS-WSMV 2.2.4.40).
#pragma once

#include "base/bytes.h"

#include <cstddef>

namespace winrm::base {

[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t raw) noexcept { return (raw + 2) / 3 * 4; }
/// Raw bytes that fit into `encoded` characters (whole groups only).
[[nodiscard]] constexpr std::size_t base64_capacity(std::size_t encoded) noexcept { return encoded / 4 * 3; }

/// Appends the padded encoding of `raw` to `out`.
void base64_encode(bytes_view raw, std::string& out);
[[nodiscard]] std::string base64_encode(bytes_view raw);

/// Appends the decoded bytes to `out`. XML white space between characters is skipped (peers break lines).
/// @return false and `out` as before when the text is not base64: foreign character, wrong padding, cut group,
///         non-zero bits below the padding.
[[nodiscard]] bool base64_decode(bytes_view text, std::string& out);

} // namespace winrm::base
