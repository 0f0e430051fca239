#include "auth/krb5/keys.h"

#include "support/vector_file.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace winrm::auth::krb5 {
namespace {

TEST(krb5_keys, derived)
{
    struct row
    {
        std::string_view source;
        enctype type;
        std::uint32_t usage;
        key_purpose purpose;
        std::string_view key, derived;
    };
    using enum enctype;
    using enum key_purpose;
    const row rows[] = {
        // RFC 3961 5.3 with AES; values of MIT's own test of its derivation, usage 2
        {"aes128", aes128_cts_hmac_sha1_96, 2, checksum, "42263C6E89F4FC28B8DF68EE09799F15",
         "34280A382BC92769B2DA2F9EF066854B"},
        {"aes128", aes128_cts_hmac_sha1_96, 2, encryption, "42263C6E89F4FC28B8DF68EE09799F15",
         "5B14FC4E250E14DDF9DCCF1AF6674F53"},
        {"aes128", aes128_cts_hmac_sha1_96, 2, integrity, "42263C6E89F4FC28B8DF68EE09799F15",
         "4ED31063621684F09AE8D89991AF3E8F"},
        {"aes256", aes256_cts_hmac_sha1_96, 2, checksum,
         "FE697B52BC0D3CE14432BA036A92E65BBB52280990A2FA27883998D72AF30161",
         "BFAB388BDCB238E9F9C98D6A878304F04D30C82556375AC507A7A852790F4674"},
        {"aes256", aes256_cts_hmac_sha1_96, 2, encryption,
         "FE697B52BC0D3CE14432BA036A92E65BBB52280990A2FA27883998D72AF30161",
         "C7CFD9CD75FE793A586A542D87E0D1396F1134A104BB1A9190B8C90ADA3DDF37"},
        {"aes256", aes256_cts_hmac_sha1_96, 2, integrity,
         "FE697B52BC0D3CE14432BA036A92E65BBB52280990A2FA27883998D72AF30161",
         "97151B4C76945063E2EB0529DC067D97D7BBA90776D8126D91F34F3101AEA8BA"},
        {"RFC 8009 A", aes128_cts_hmac_sha256_128, 2, checksum, "3705D96080C17728A0E800EAB6E0D23C",
         "B31A018A48F54776F403E9A396325DC3"},
        {"RFC 8009 A", aes128_cts_hmac_sha256_128, 2, encryption, "3705D96080C17728A0E800EAB6E0D23C",
         "9B197DD1E8C5609D6E67C3E37C62C72E"},
        {"RFC 8009 A", aes128_cts_hmac_sha256_128, 2, integrity, "3705D96080C17728A0E800EAB6E0D23C",
         "9FDA0E56AB2D85E1569A688696C26A6C"},
        {"RFC 8009 A", aes256_cts_hmac_sha384_192, 2, checksum,
         "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52",
         "EF5718BE86CC84963D8BBB5031E9F5C4BA41F28FAF69E73D"},
        {"RFC 8009 A", aes256_cts_hmac_sha384_192, 2, encryption,
         "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52",
         "56AB22BEE63D82D7BC5227F6773F8EA7A5EB1C825160C38312980C442E5C7E49"},
        {"RFC 8009 A", aes256_cts_hmac_sha384_192, 2, integrity,
         "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52",
         "69B16514E3CD8E56B82010D5C73012B622C4D00FFC23ED1F"},
    };
    for (const row& r : rows)
        EXPECT_EQ(derive_key(r.type, test::unhex(r.key), r.usage, r.purpose).reveal(), test::unhex(r.derived))
            << r.source << ' ' << r.derived;
}

/// The same derivation by OpenSSL's KRB5KDF; empty: it has none.
std::string openssl_derived(std::string key, std::string label)
{
    EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "KRB5KDF", nullptr);
    EVP_KDF_CTX* const context = kdf != nullptr ? EVP_KDF_CTX_new(kdf) : nullptr;
    std::string cipher = key.size() == 32 ? "AES-256-CBC" : "AES-128-CBC";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_CIPHER, cipher.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_CONSTANT, label.data(), label.size()),
        OSSL_PARAM_construct_end()};
    std::string out(key.size(), '\0');
    const bool done = context != nullptr && EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(out.data()),
                                                           out.size(), parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done ? out : std::string();
}

TEST(krb5_keys, derived_for_any_usage_as_openssl_derives_them)
{
    if (openssl_derived(std::string(16, 'k'), "label").empty()) GTEST_SKIP() << "no KRB5KDF in this OpenSSL";
    for (std::uint32_t usage = 0; usage < 5'000; ++usage) {
        const std::uint32_t spread = usage * 0x9E3779B1U;
        const auto purpose = usage % 2 == 0 ? key_purpose::encryption : key_purpose::integrity;
        const auto type = usage % 3 == 0 ? enctype::aes128_cts_hmac_sha1_96 : enctype::aes256_cts_hmac_sha1_96;
        std::string label;
        for (const int shift : {24, 16, 8, 0}) label.push_back(static_cast<char>(spread >> shift & 0xff));
        label.push_back(static_cast<char>(purpose));
        const std::string key(key_size(type), static_cast<char>(usage));
        ASSERT_EQ(derive_key(type, key, spread, purpose).reveal(), openssl_derived(key, label)) << spread;
    }
}

TEST(krb5_keys, none_of_a_wrong_key)
{
    EXPECT_TRUE(derive_key(enctype::aes256_cts_hmac_sha1_96, std::string(16, 'k'), 2, key_purpose::checksum).empty());
    EXPECT_TRUE(derive_key(enctype::rc4_hmac, std::string(16, 'k'), 2, key_purpose::checksum).empty());
    EXPECT_TRUE(derive_key(enctype{16}, std::string(24, 'k'), 2, key_purpose::checksum).empty());
}

// RFC 2202 and 4231, first cases: one object, several messages.
TEST(krb5_keys, hmac_of_several_messages)
{
    hmac mac(digest::sha1, std::string(20, '\x0b'));
    for (int turn = 0; turn < 3; ++turn) {
        const std::string text = "Hi There";
        mac.begin();
        mac.add({reinterpret_cast<const unsigned char*>(text.data()), 3});
        mac.add({reinterpret_cast<const unsigned char*>(text.data()) + 3, text.size() - 3});
        const hmac::value got = mac.end();
        EXPECT_EQ(test::hex({reinterpret_cast<const char*>(got.data()), 20}),
                  "b617318655057264e28bc0b6fb378c8ef146be00");
    }
}

} // namespace
} // namespace winrm::auth::krb5
