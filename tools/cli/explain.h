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
/// nullptr for a code the table does not have. A code that wraps another finds that one's row.
[[nodiscard]] const explanation* explain(std::uint32_t code) noexcept;

struct wrapped_code
{
    std::uint32_t code;
    base::bytes_view family; ///< as in the table
};
/// The code that an HRESULT carries in its lower half: 0x80070005 is Windows' 5, 0x80190191 is HTTP's 401, 0xD0000022
/// is the NTSTATUS 0xC0000022. nullopt: it carries none.
[[nodiscard]] std::optional<wrapped_code> unwrap(std::uint32_t code) noexcept;

/// "2150858843", "-2144108453", "0x8033805B": decimal, signed decimal or hexadecimal with 0x, of 32 bits.
[[nodiscard]] std::optional<std::uint32_t> parse_code(base::bytes_view text) noexcept;
/// "80070005" is a decimal number, but who types eight hexadecimal digits of an HRESULT or NTSTATUS most likely forgot
/// the 0x. nullopt: it does not look like that.
[[nodiscard]] std::optional<std::uint32_t> meant_as_hex(base::bytes_view text) noexcept;
/// "0x8033805B"
[[nodiscard]] std::string hex_code(std::uint32_t code);

} // namespace winrm::cli
