#include "auth/krb5/keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstdlib>

namespace winrm::auth::krb5 {
namespace {

/// Only memory or a crippled library can make these fail, and no message may pass with a code that was not computed.
void must(bool done)
{
    if (!done) std::abort();
}

struct free_kdf
{
    void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
};

/// OpenSSL's parameters are not const, what they name is only read.
void* readable(const void* data) { return const_cast<void*>(data); } // NOLINT(cppcoreguidelines-pro-type-const-cast)
char* readable(const char* text) { return const_cast<char*>(text); } // NOLINT(cppcoreguidelines-pro-type-const-cast)

using constant = std::array<unsigned char, 5>;

constant usage_constant(std::uint32_t usage, key_purpose purpose)
{
    return {static_cast<unsigned char>(usage >> 24), static_cast<unsigned char>(usage >> 16),
            static_cast<unsigned char>(usage >> 8), static_cast<unsigned char>(usage),
            static_cast<unsigned char>(purpose)};
}

/// DK of RFC 3961 5.1; OpenSSL folds the constant.
base::secret derive_sha1(base::bytes_view key, const constant& label)
{
    const std::unique_ptr<EVP_KDF, free_kdf> kdf(EVP_KDF_fetch(nullptr, "KRB5KDF", nullptr));
    must(kdf != nullptr);
    const std::unique_ptr<EVP_KDF_CTX, free_kdf> context(EVP_KDF_CTX_new(kdf.get()));
    must(context != nullptr);
    const char* cipher = key.size() == 32 ? "AES-256-CBC" : "AES-128-CBC";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_CIPHER, readable(cipher), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, readable(static_cast<const void*>(key.data())),
                                          key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_CONSTANT, readable(static_cast<const void*>(label.data())),
                                          label.size()),
        OSSL_PARAM_construct_end()};
    std::string out(key.size(), '\0');
    must(EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), out.size(), parameters) == 1);
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
    const std::unique_ptr<EVP_MAC, free_kdf> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
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
