// RSA with PKCS #1 v1.5 padding (RFC 8017 7.2), because PSRP's session keys travel so (MS-PSRP 2.2.2.4). Use it for
// nothing new.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace winrm::crypto {

struct rsa_public_key
{
    std::uint32_t exponent = 0;
    base::bytes modulus; ///< big-endian, as long as the key
};

/// A key pair of 2048 bits with the exponent 65537.
class rsa_key_pair
{
public:
    /// Some 100 ms. Aborts if the system has no randomness.
    [[nodiscard]] static rsa_key_pair generate();
    rsa_key_pair(rsa_key_pair&&) noexcept;
    rsa_key_pair& operator=(rsa_key_pair&&) noexcept;
    ~rsa_key_pair();

    [[nodiscard]] rsa_public_key public_key() const;
    /// nullopt: not encrypted for this key.
    [[nodiscard]] std::optional<base::secret> decrypt(base::bytes_view cipher_text) const;

private:
    struct state;
    explicit rsa_key_pair(std::unique_ptr<state> made) noexcept;
    std::unique_ptr<state> state_;
};

/// nullopt: no usable key, or `clear_text` is longer than it takes.
[[nodiscard]] std::optional<base::bytes> rsa_encrypt(const rsa_public_key& to, base::bytes_view clear_text);

} // namespace winrm::crypto
