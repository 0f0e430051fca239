// MD4, MD5, HMAC-MD5 and RC4 against their RFCs.
#include "crypto/md4.h"
#include "crypto/md5.h"
#include "crypto/rc4.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace winrm::crypto {
namespace {

std::string hex(base::bytes_view bytes)
{
    std::string out;
    for (const char c : bytes) {
        constexpr const char* digits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

TEST(md4, RFC_1320_A5)
{
    const std::pair<const char*, const char*> rows[] = {
        {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
        {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
        {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
        {"message digest", "d9130a8164549fe818874806e1c7014b"},
        {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "e33b4ddc9c38f2199c3e7b164fcc0536"},
    };
    for (const auto& [text, digest] : rows) EXPECT_EQ(hex(md4(text).reveal()), digest) << text;
}

TEST(md5, RFC_1321_A5)
{
    ASSERT_TRUE(md5_available());
    EXPECT_EQ(hex(md5({}).reveal()), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hex(md5({"message ", "", "digest"}).reveal()), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(hex(md5({"abcdefghijklmnopqrstuvwxyz"}).reveal()), "c3fcd3d76192e4007dfb496cca67e13b");
}

TEST(hmac_md5, RFC_2202)
{
    const secret_128 key(base::bytes_view("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 16));
    EXPECT_EQ(hex(hmac_md5(key, {"Hi", " ", "There"}).reveal()), "9294727a3638bb1c13f48ef8158bfc9d");
    const secret_128 other(std::string(16, '\xaa'));
    EXPECT_EQ(hex(hmac_md5(other, {std::string(50, '\xdd')}).reveal()), "56be34521d144c88dbb8c733f0e8b3f6");
}

TEST(hmac_md5, a_stream_begins_anew_after_each_digest)
{
    const secret_128 key(std::string(16, '\x0b'));
    hmac_md5_stream stream(key);
    for (int i = 0; i < 3; ++i) {
        stream.update("Hi ");
        stream.update("There");
        EXPECT_EQ(hex(stream.finish().reveal()), "9294727a3638bb1c13f48ef8158bfc9d") << i;
    }
}

TEST(rc4, RFC_6229)
{
    const std::string key = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10";
    rc4 stream(key);
    std::string bytes(4096 + 16, '\0');
    for (std::size_t at = 0, n = 1; at < bytes.size(); at += n, n = n * 3 + 1) {
        n = std::min(n, bytes.size() - at);
        stream.apply({bytes.data() + at, n}); // uneven pieces: the stream goes on
    }
    EXPECT_EQ(hex(std::string_view(bytes).substr(0, 16)), "9ac7cc9a609d1ef7b2932899cde41b97");
    EXPECT_EQ(hex(std::string_view(bytes).substr(16, 16)), "5248c4959014126a6e8a84f11d1a9e1c");
    EXPECT_EQ(hex(std::string_view(bytes).substr(4096, 16)), "a36a4c301ae8ac13610ccbc12256cacc");
}

TEST(rc4, a_clone_gives_the_same_bytes_again)
{
    rc4 stream("key");
    char first[3] = {};
    stream.apply(first);
    rc4 kept = stream.clone();
    char a[32] = {}, b[32] = {};
    stream.apply(a);
    kept.apply(b);
    EXPECT_EQ(std::string_view(a, 32), std::string_view(b, 32));
    stream.apply({});
}

TEST(secret_128, S2_cannot_be_copied_by_accident_and_is_empty_after_a_move)
{
    static_assert(!std::is_copy_constructible_v<secret_128> && !std::is_copy_assignable_v<secret_128>);
    secret_128 a(std::string(16, 'x'));
    const secret_128 b = std::move(a);
    EXPECT_EQ(a.reveal(), std::string(16, '\0')); // NOLINT(bugprone-use-after-move): what is left is the point
    EXPECT_EQ(b.reveal(), std::string(16, 'x'));
    EXPECT_EQ(secret_128("short").reveal(), std::string("short").append(11, '\0'));
}

} // namespace
} // namespace winrm::crypto
