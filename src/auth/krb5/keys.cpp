#include "auth/krb5/keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>

namespace winrm::auth::krb5 {
namespace {

/// Only memory or a crippled library can make these fail, and no message may pass with a code that was not computed.
void must(bool done)
{
    if (!done) std::abort();
}

struct free_cipher
{
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

struct free_mac
{
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
};

/// OpenSSL's parameters are not const, what they name is only read.
char* readable(const char* text) { return const_cast<char*>(text); } // NOLINT(cppcoreguidelines-pro-type-const-cast)

using constant = std::array<unsigned char, 5>;

constant usage_constant(std::uint32_t usage, key_purpose purpose)
{
    return {static_cast<unsigned char>(usage >> 24), static_cast<unsigned char>(usage >> 16),
            static_cast<unsigned char>(usage >> 8), static_cast<unsigned char>(usage),
            static_cast<unsigned char>(purpose)};
}

constexpr std::size_t block = 16; // of AES

/// n-fold of RFC 3961 5.1 to one block: copies of the text one behind the other, each turned right by 13 bits more than
/// the one before it, until blocks come out even; those blocks are added as one's complement numbers.
std::array<unsigned char, block> folded(const constant& text)
{
    constexpr std::size_t bits = 8 * std::tuple_size_v<constant>, copies = block, turn = bits - 13;
    std::array<unsigned, block> sum{};
    for (std::size_t bit = 0; bit < bits * copies; ++bit) {
        const std::size_t from = (bit + turn * (bit / bits)) % bits;
        const unsigned set = text[from / 8] >> (7 - from % 8) & 1U;
        sum[bit / 8 % block] += set << (7 - bit % 8);
    }
    for (unsigned carry = 0, again = 1; again != 0; again = carry) {
        for (std::size_t i = block; i-- > 0;) {
            sum[i] += carry;
            carry = sum[i] >> 8;
            sum[i] &= 0xff;
        }
    }
    std::array<unsigned char, block> out{};
    for (std::size_t i = 0; i < block; ++i) out[i] = static_cast<unsigned char>(sum[i]);
    return out;
}

/// DK of RFC 3961 5.1: the folded constant encrypted again and again. OpenSSL's KRB5KDF does the same, but looking it
/// up takes a third of a short command's processor time.
base::secret derive_sha1(base::bytes_view key, const constant& label)
{
    const std::unique_ptr<EVP_CIPHER_CTX, free_cipher> cipher(EVP_CIPHER_CTX_new());
    must(cipher != nullptr);
    must(EVP_EncryptInit_ex(cipher.get(), key.size() == 32 ? EVP_aes_256_ecb() : EVP_aes_128_ecb(), nullptr,
                            reinterpret_cast<const unsigned char*>(key.data()), nullptr) == 1);
    std::array<unsigned char, block> next = folded(label);
    std::string out;
    out.reserve(key.size());
    while (out.size() < key.size()) {
        int made = 0;
        must(EVP_EncryptUpdate(cipher.get(), next.data(), &made, next.data(), static_cast<int>(block)) == 1);
        must(made == static_cast<int>(block));
        out.append(reinterpret_cast<const char*>(next.data()), block);
    }
    base::wipe(next.data(), next.size());
    return base::secret(std::move(out));
}

/// KDF-HMAC-SHA2 of RFC 8009 3: one block of SP 800-108 in counter mode is always enough.
base::secret derive_sha2(digest kind, base::bytes_view key, const constant& label, std::size_t size)
{
    const auto bits = static_cast<std::uint32_t>(size * 8);
    hmac mac(kind, key);
    mac.begin();
    mac.add(std::array<unsigned char, 4>{0, 0, 0, 1});
    mac.add(label);
    mac.add(std::array<unsigned char, 5>{0, static_cast<unsigned char>(bits >> 24),
                                         static_cast<unsigned char>(bits >> 16), static_cast<unsigned char>(bits >> 8),
                                         static_cast<unsigned char>(bits)});
    hmac::value whole = mac.end();
    std::string out(reinterpret_cast<const char*>(whole.data()), size);
    base::wipe(whole.data(), whole.size());
    return base::secret(std::move(out));
}

const char* digest_name(digest kind) noexcept
{
    switch (kind) {
    case digest::sha1: return "SHA1";
    case digest::sha256: return "SHA2-256";
    case digest::sha384: return "SHA2-384";
    }
    return "";
}

} // namespace

std::size_t key_size(enctype type) noexcept
{
    switch (type) {
    case enctype::aes128_cts_hmac_sha1_96:
    case enctype::aes128_cts_hmac_sha256_128:
    case enctype::rc4_hmac: return 16;
    case enctype::aes256_cts_hmac_sha1_96:
    case enctype::aes256_cts_hmac_sha384_192: return 32;
    }
    return 0;
}

std::size_t mac_size(enctype type) noexcept
{
    switch (type) {
    case enctype::aes128_cts_hmac_sha1_96:
    case enctype::aes256_cts_hmac_sha1_96: return 12;
    case enctype::aes128_cts_hmac_sha256_128: return 16;
    case enctype::aes256_cts_hmac_sha384_192: return 24;
    case enctype::rc4_hmac: return 8;
    }
    return 0;
}

base::secret derive_key(enctype type, base::bytes_view key, std::uint32_t usage, key_purpose purpose)
{
    if (key.size() != key_size(type)) return {};
    const constant label = usage_constant(usage, purpose);
    switch (type) {
    case enctype::aes128_cts_hmac_sha1_96:
    case enctype::aes256_cts_hmac_sha1_96: return derive_sha1(key, label);
    case enctype::aes128_cts_hmac_sha256_128: return derive_sha2(digest::sha256, key, label, 16);
    case enctype::aes256_cts_hmac_sha384_192: // only the key that encrypts is longer than the code it makes
        return derive_sha2(digest::sha384, key, label, purpose == key_purpose::encryption ? 32 : 24);
    case enctype::rc4_hmac: break;
    }
    return {};
}

void hmac::free_context::operator()(evp_mac_ctx_st* context) const noexcept { EVP_MAC_CTX_free(context); }

hmac::hmac(digest kind, base::bytes_view key)
{
    const std::unique_ptr<EVP_MAC, free_mac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    must(mac != nullptr);
    context_.reset(EVP_MAC_CTX_new(mac.get()));
    must(context_ != nullptr);
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, readable(digest_name(kind)), 0),
        OSSL_PARAM_construct_end()};
    must(EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(), parameters) == 1);
}

void hmac::begin() { must(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1); }

void hmac::add(std::span<const unsigned char> data)
{
    must(data.empty() || EVP_MAC_update(context_.get(), data.data(), data.size()) == 1);
}

hmac::value hmac::end()
{
    value out{};
    std::size_t size = 0;
    must(EVP_MAC_final(context_.get(), out.data(), &size, out.size()) == 1);
    return out;
}

} // namespace winrm::auth::krb5
