#include "auth/krb5/cts.h"
#include "auth/krb5/keys.h"

#include "support/vector_file.h"

#include <gtest/gtest.h>

namespace winrm::auth::krb5 {
namespace {

std::string crypt(std::string_view key, std::string text, bool encrypt)
{
    aes_cts cipher({reinterpret_cast<const unsigned char*>(key.data()), key.size()}, encrypt);
    for (int turn = 0; turn < 2; ++turn) { // the same object again gives the same: nothing of the last message stays
        std::string copy = text;
        auto* bytes = reinterpret_cast<unsigned char*>(copy.data());
        cipher.crypt({bytes, copy.size() - 16}, std::span<unsigned char, 16>(bytes + copy.size() - 16, 16));
        if (turn == 1) return copy;
    }
    return {};
}

// RFC 3962 appendix B, the texts of at least two blocks: below that no token is.
TEST(krb5_cts, rfc3962_appendix_b)
{
    const std::string key = "chicken teriyaki";
    const std::string text = "I would like the General Gau's Chicken, please, and wonton soup.";
    struct row
    {
        std::size_t size;
        std::string_view cipher;
    };
    const row rows[] = {
        {32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"},
        {47, "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5"},
        {48, "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8"},
        {64, "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb"
             "96c4cdc03bc103e1a194bbd8"},
    };
    for (const row& r : rows) {
        EXPECT_EQ(test::hex(crypt(key, text.substr(0, r.size), true)), r.cipher) << r.size;
        EXPECT_EQ(crypt(key, test::unhex(r.cipher), false), text.substr(0, r.size));
    }
}

// RFC 8009 appendix A, AES-128: confounder and text with Ke and Ki of usage 2, and the code over the cipher text.
TEST(krb5_cts, rfc8009_appendix_a)
{
    struct row
    {
        std::string_view text, cipher, code;
    };
    const row rows[] = {
        {"56AB21713FF62C0A1457200F6FA9948F 000102030405060708090A0B0C0D0E0F",
         "3517D640F50DDC8AD3628722B3569D2AE07493FA8263254080EA65C1008E8FC2", "95FB4852E7D83E1E7C48C37EEBE6B0D3"},
        {"A7A4E29A4728CE10664FB64E49AD3FAC 000102030405060708090A0B0C0D0E0F1011121314",
         "720F73B18D9859CD6CCB4346115CD336C70F58EDC0C4437C5573544C31C813BCE1E6D072C1",
         "86B39A413C2F92CA9B8334A287FFCBFC"},
    };
    const std::string key = test::unhex("9B197DD1E8C5609D6E67C3E37C62C72E");
    for (const row& r : rows) {
        const std::string text = test::unhex(r.text);
        const std::string cipher = crypt(key, text, true);
        EXPECT_EQ(cipher, test::unhex(r.cipher));
        EXPECT_EQ(crypt(key, cipher, false), text);
        hmac mac(digest::sha256, test::unhex("9FDA0E56AB2D85E1569A688696C26A6C"));
        const std::string whole = std::string(16, '\0') + cipher;
        mac.begin();
        mac.add({reinterpret_cast<const unsigned char*>(whole.data()), whole.size()});
        const hmac::value got = mac.end();
        EXPECT_EQ(std::string(got.begin(), got.begin() + 16), test::unhex(r.code));
    }
}

TEST(krb5_cts, every_size_there_and_back)
{
    for (const std::size_t key_bytes : {16, 32}) {
        const std::string key(key_bytes, 'k');
        for (std::size_t size = 32; size < 32 + 200; ++size) {
            std::string text;
            for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * 7));
            const std::string cipher = crypt(key, text, true);
            EXPECT_NE(cipher, text);
            EXPECT_EQ(crypt(key, cipher, false), text) << size;
        }
    }
}

} // namespace
} // namespace winrm::auth::krb5
