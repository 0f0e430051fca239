#include "base/base64.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>

using namespace winrm::base;

namespace {

std::string openssl_encode(const std::string& raw)
{
    std::string out(base64_encoded_size(raw.size()) + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(raw.data()), static_cast<int>(raw.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::string random_bytes(std::size_t size, unsigned seed)
{
    std::mt19937 engine(seed);
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(engine() & 255U);
    return out;
}

struct row
{
    const char* what;
    std::string text;
    bool good;
    std::string raw;
};

} // namespace

TEST(base64, vectors_of_rfc4648_section_10)
{
    const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}};
    for (const auto& [raw, text] : rows) {
        EXPECT_EQ(base64_encode(raw), text);
        std::string back;
        EXPECT_TRUE(base64_decode(text, back));
        EXPECT_EQ(back, raw);
    }
}

TEST(base64, good_and_bad_text)
{
    const row rows[] = {
        {"empty", "", true, ""},
        {"white space only", " \r\n\t", true, ""},
        {"line breaks between groups", "Zm9v\r\nYmFy", true, "foobar"},
        {"white space inside a group", "Z m\n9\tv Y", false, ""},
        {"white space inside a group, whole", "Z m\n9\tv", true, "foo"},
        {"white space before the padding", "Zg =\n= ", true, "f"},
        {"all values", "+/+/", true, "\xFB\xFF\xBF"},
        {"URL alphabet", "-_-_", false, ""},
        {"foreign character", "Zm9*", false, ""},
        {"byte above ASCII", "Zm9\xC3", false, ""},
        {"NUL", std::string("Zm9v\0", 5), false, ""},
        {"cut group of one", "Z", false, ""},
        {"cut group of two", "Zg", false, ""},
        {"cut group of three", "Zm8", false, ""},
        {"one padding where two belong", "Zg=", false, ""},
        {"padding alone", "====", false, ""},
        {"three paddings", "Z===", false, ""},
        {"padding in the middle", "Zg==Zm9v", false, ""},
        {"padding first", "=Zg=", false, ""},
        {"padding third of four", "Zg=v", false, ""},
        {"bits below double padding", "Zh==", false, ""},
        {"bits below single padding", "Zm9=", false, ""},
        {"text after the end", "Zm8=x", false, ""},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        std::string out = "before";
        EXPECT_EQ(base64_decode(r.text, out), r.good);
        EXPECT_EQ(out, "before" + r.raw);
    }
}

TEST(base64, agrees_with_openssl_at_every_length)
{
    for (std::size_t size = 0; size < 300; ++size) {
        const std::string raw = random_bytes(size, static_cast<unsigned>(size));
        const std::string text = base64_encode(raw);
        ASSERT_EQ(text, openssl_encode(raw));
        std::string back;
        ASSERT_TRUE(base64_decode(text, back));
        ASSERT_EQ(back, raw);
    }
}

TEST(base64, large_block_with_line_breaks)
{
    const std::string raw = random_bytes(1'000'003, 7);
    const std::string text = base64_encode(raw);
    std::string broken;
    for (std::size_t i = 0; i < text.size(); i += 76) broken += text.substr(i, 76) + "\r\n";
    std::string back;
    ASSERT_TRUE(base64_decode(broken, back));
    EXPECT_EQ(back, raw);
}

TEST(base64, every_wrong_character_is_refused_at_every_place)
{
    const std::string good = "AAAABBBBCCCC";
    for (int c = 0; c < 256; ++c) {
        const auto ch = static_cast<char>(c);
        const bool fits = std::isalnum(c) != 0 || ch == '+' || ch == '/';
        for (std::size_t at = 0; at < good.size() - 2; ++at) {
            std::string text = good;
            text[at] = ch;
            std::string out;
            ASSERT_EQ(base64_decode(text, out), fits && c < 128) << c << " at " << at;
        }
    }
}

TEST(base64, sizes)
{
    EXPECT_EQ(base64_encoded_size(0), 0U);
    EXPECT_EQ(base64_encoded_size(1), 4U);
    EXPECT_EQ(base64_encoded_size(3), 4U);
    EXPECT_EQ(base64_encoded_size(4), 8U);
    EXPECT_EQ(base64_capacity(8), 6U);
    EXPECT_EQ(base64_capacity(11), 6U);
}
