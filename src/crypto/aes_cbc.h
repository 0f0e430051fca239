// AES-256 in CBC mode with PKCS #7 padding, for PSRP's secure strings (MS-PSRP 2.2.5.1.24).
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

#include <optional>

namespace winrm::crypto {

inline constexpr std::size_t aes_256_key_size = 32;
inline constexpr std::size_t aes_block_size = 16;

/// Preconditions: 32 octets of key, 16 of initial vector.
[[nodiscard]] base::bytes aes_256_cbc_encrypt(base::bytes_view key, base::bytes_view initial_vector,
                                              base::bytes_view clear_text);
/// nullopt: not whole blocks, or the padding is wrong.
[[nodiscard]] std::optional<base::secret> aes_256_cbc_decrypt(base::bytes_view key, base::bytes_view initial_vector,
                                                              base::bytes_view cipher_text);

} // namespace winrm::crypto
