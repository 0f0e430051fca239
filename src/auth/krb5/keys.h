// Keys made from a context's key, and the keyed digests over messages: RFC 3961, 3962 (AES-SHA1), 8009 (AES-SHA2), 4757
// (RC4).
#pragma once

#include "base/secret.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct evp_mac_ctx_st;

namespace winrm::auth::krb5 {

/// RFC 3961, 8009, 4757 and IANA's list of encryption types.
enum class enctype : std::int32_t {
    aes128_cts_hmac_sha1_96 = 17,
    aes256_cts_hmac_sha1_96 = 18,
    aes128_cts_hmac_sha256_128 = 19,
    aes256_cts_hmac_sha384_192 = 20,
    rc4_hmac = 23
};

/// Bytes of a context's key; 0 for a number that is none of ours.
[[nodiscard]] std::size_t key_size(enctype type) noexcept;
/// Bytes of the code that authenticates a message.
[[nodiscard]] std::size_t mac_size(enctype type) noexcept;

/// Last byte of the constant that a key is derived with (RFC 3961 5.3): for checksums, encryption, integrity of
/// encryption.
enum class key_purpose : unsigned char { checksum = 0x99, encryption = 0xaa, integrity = 0x55 };

/// Kc, Ke or Ki of an AES enctype for a key usage number; empty for others or a key of the wrong size.
[[nodiscard]] base::secret derive_key(enctype type, base::bytes_view key, std::uint32_t usage, key_purpose purpose);

enum class digest { sha1, sha256, sha384 };

/// HMAC with one key for many messages.
class hmac
{
public:
    static constexpr std::size_t max_size = 48;
    using value = std::array<unsigned char, max_size>; ///< as many bytes as the digest has, then zeros

    hmac(digest kind, base::bytes_view key);
    void begin();
    void add(std::span<const unsigned char> data);
    [[nodiscard]] value end();

private:
    struct free_context
    {
        void operator()(evp_mac_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_mac_ctx_st, free_context> context_;
};

} // namespace winrm::auth::krb5
