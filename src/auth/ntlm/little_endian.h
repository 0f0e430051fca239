// Numbers as NTLM writes them. The caller has seen to it that the bytes are there.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace winrm::auth::ntlm {

/// The first `Bytes` bytes of `from`.
template <int Bytes> [[nodiscard]] std::uint64_t get_number(base::bytes_view from) noexcept
{
    std::uint64_t value = 0;
    for (int i = Bytes; i-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(from[static_cast<std::size_t>(i)]);
    }
    return value;
}

[[nodiscard]] inline std::uint16_t get_u16(base::bytes_view from) noexcept
{
    return static_cast<std::uint16_t>(get_number<2>(from));
}

[[nodiscard]] inline std::uint32_t get_u32(base::bytes_view from) noexcept
{
    return static_cast<std::uint32_t>(get_number<4>(from));
}

template <int Bytes> void put_number(base::bytes& to, std::uint64_t value)
{
    for (int i = 0; i < Bytes; ++i, value >>= 8U) to += static_cast<char>(value & 255U);
}

} // namespace winrm::auth::ntlm
