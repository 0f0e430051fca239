// NegotiateFlags (MS-NLMP 2.2.2.5), and which of them we ask for.
#pragma once

#include <cstdint>

namespace winrm::auth::ntlm::flag {

inline constexpr std::uint32_t unicode = 0x00000001;
inline constexpr std::uint32_t oem = 0x00000002;
inline constexpr std::uint32_t request_target = 0x00000004;
inline constexpr std::uint32_t sign = 0x00000010;
inline constexpr std::uint32_t seal = 0x00000020;
inline constexpr std::uint32_t lm_key = 0x00000080;
inline constexpr std::uint32_t ntlm = 0x00000200;
inline constexpr std::uint32_t anonymous = 0x00000800;
inline constexpr std::uint32_t oem_domain_supplied = 0x00001000;
inline constexpr std::uint32_t oem_workstation_supplied = 0x00002000;
inline constexpr std::uint32_t always_sign = 0x00008000;
inline constexpr std::uint32_t target_type_domain = 0x00010000;
inline constexpr std::uint32_t target_type_server = 0x00020000;
inline constexpr std::uint32_t extended_session_security = 0x00080000;
inline constexpr std::uint32_t target_info = 0x00800000;
inline constexpr std::uint32_t version = 0x02000000;
inline constexpr std::uint32_t key_128 = 0x20000000;
inline constexpr std::uint32_t key_exchange = 0x40000000;
inline constexpr std::uint32_t key_56 = 0x80000000;

/// What a sealed session stands on. 128 bits, or an eavesdropper needs to guess 56.
inline constexpr std::uint32_t sealed = seal | extended_session_security | key_128 | key_exchange;
/// What our client asks for, and all that our service grants.
inline constexpr std::uint32_t ours =
    unicode | request_target | sign | ntlm | always_sign | target_info | version | key_56 | sealed;

[[nodiscard]] constexpr bool has(std::uint32_t flags, std::uint32_t wanted) noexcept
{
    return (flags & wanted) == wanted;
}

} // namespace winrm::auth::ntlm::flag
