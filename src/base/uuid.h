#pragma once

#include "base/bytes.h"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>

namespace winrm::base {

/// Fills the buffer with random bytes. Passed in, so that tests are repeatable; main gives the system's generator.
using random_source = std::function<void(char* buffer, std::size_t size)>;
/// getrandom(2). Aborts the process if the kernel cannot deliver (no identifier may ever be guessable).
[[nodiscard]] random_source system_random();

class uuid
{
public:
    /// Random version 4 (122 random bits).
    [[nodiscard]] static uuid random(const random_source& source);
    /// 8-4-4-4-12 hex digits in any case, optionally after "uuid:" / "urn:uuid:" or in braces; nullopt otherwise.
    [[nodiscard]] static std::optional<uuid> parse(bytes_view text) noexcept;

    /// Its 16 octets in the order of the text (RFC 9562).
    [[nodiscard]] static uuid from_octets(const std::array<std::uint8_t, 16>& octets) noexcept;
    [[nodiscard]] const std::array<std::uint8_t, 16>& octets() const noexcept { return octets_; }

    /// Upper case without prefix, as Windows writes ShellId and CommandId.
    [[nodiscard]] std::string text() const;
    /// "uuid:" + text(), as in MessageID.
    [[nodiscard]] std::string urn() const;
    friend bool operator==(const uuid&, const uuid&) = default;
    friend auto operator<=>(const uuid&, const uuid&) = default;

private:
    std::array<std::uint8_t, 16> octets_{};
};

} // namespace winrm::base
