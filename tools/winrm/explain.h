// What the codes mean that hosts put into faults, and what to do about them. A table in our own words; pure.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace winrm::cli {

struct explanation
{
    std::uint32_t code;
    base::bytes_view family;  ///< "WS-Management", "Windows", "security", "NTSTATUS", "HTTP"
    base::bytes_view meaning; ///< a sentence without full stop
    base::bytes_view advice;  ///< what to do, a sentence without full stop
};

[[nodiscard]] std::span<const explanation> explanation_table() noexcept;
/// nullptr for a code the table does not have. Wrapped Windows codes (0x8007xxxx) find their plain form.
[[nodiscard]] const explanation* explain(std::uint32_t code) noexcept;

/// "2150858843", "-2144108453", "0x8033805B": decimal, signed decimal or hexadecimal with 0x, of 32 bits.
[[nodiscard]] std::optional<std::uint32_t> parse_code(base::bytes_view text) noexcept;
/// "0x8033805B"
[[nodiscard]] std::string hex_code(std::uint32_t code);

} // namespace winrm::cli
