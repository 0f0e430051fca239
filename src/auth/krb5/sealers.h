// The two families of Kerberos' sealed messages; others see them as message_sealer.
#pragma once

#include "auth/krb5/cts.h"
#include "auth/krb5/keys.h"
#include "auth/krb5/seal.h"
#include "crypto/md5.h"

#include <optional>

namespace winrm::auth::krb5 {

/// What both families do alike: die at the first failure.
class sealer_base : public message_sealer
{
public:
    sealer_base(const context_values& values, random_source random);
    [[nodiscard]] bool seal(std::span<char> token) final;
    [[nodiscard]] unsealed unseal(std::span<char> token) final;

protected:
    using octets = std::span<unsigned char>;
    /// Where the clear text lies in the token, or why not.
    struct found
    {
        seal_failure failed = seal_failure::none;
        std::size_t at = 0, size = 0, pad = 0;
    };
    virtual void seal_octets(octets token) = 0;
    virtual found unseal_octets(octets token) = 0;

    role own_;
    bool dead_ = false;
    std::uint64_t send_, receive_;
    random_source random_;
};

/// RFC 4121 4.2.4 with the enctypes of RFC 3962 and RFC 8009.
class aes_sealer final : public sealer_base
{
public:
    aes_sealer(const context_values& values, enctype type, random_source random);
    [[nodiscard]] std::string_view cipher() const noexcept override { return strong_ ? "AES-256" : "AES-128"; }
    [[nodiscard]] seal_room room(std::size_t clear) const noexcept override;

private:
    static constexpr std::size_t header_size = 16;
    using header = std::array<unsigned char, header_size>;
    /// One direction's cipher and digest.
    struct keys
    {
        aes_cts cipher;
        hmac mac;
    };

    void seal_octets(octets token) override;
    found unseal_octets(octets token) override;
    [[nodiscard]] seal_failure check_header(octets token) const noexcept;
    [[nodiscard]] bool open(octets token);
    [[nodiscard]] header make_header(unsigned char flags, std::uint64_t sequence) const noexcept;
    [[nodiscard]] static keys make_keys(const context_values& values, enctype type, role sender, bool encrypt);
    [[nodiscard]] hmac::value mac_of(hmac& mac, octets most, std::span<const unsigned char> last) const;
    /// How far a token is rotated that leaves nothing behind its data (RFC 4121 4.2.5).
    [[nodiscard]] std::size_t rotation() const noexcept { return aes_cts::block + mac_size_; }

    std::size_t mac_size_;
    bool strong_;           ///< with a key of 256 bits
    bool encrypt_then_mac_; ///< RFC 8009: the code is over the cipher text
    bool acceptor_subkey_;
    keys out_, in_;
};

/// RFC 4757 7.3.
class arcfour_sealer final : public sealer_base
{
public:
    arcfour_sealer(const context_values& values, random_source random);
    [[nodiscard]] std::string_view cipher() const noexcept override { return "RC4"; }
    [[nodiscard]] seal_room room(std::size_t clear) const noexcept override;

private:
    using code = std::array<unsigned char, 8>;

    void seal_octets(octets token) override;
    found unseal_octets(octets token) override;
    [[nodiscard]] code checksum(std::span<const unsigned char> header, std::span<const unsigned char> text);
    void crypt_sequence(octets sequence, std::span<const unsigned char> checksum);
    void crypt_text(octets text, std::uint32_t sequence);

    crypto::hmac_md5_stream sign_;      ///< key for checksums
    crypto::secret_128 sequence_key_;   ///< for the keys that hide the sequence number
    crypto::secret_128 encryption_key_; ///< for the keys of texts
};

} // namespace winrm::auth::krb5
