#include "base/text.h"

#include <gtest/gtest.h>

#include <boost/locale/encoding_utf.hpp>

using namespace winrm::base;

namespace {

std::string encoded(char32_t c)
{
    std::string out;
    boost::locale::utf::utf_traits<char>::encode(c, std::back_inserter(out));
    return out;
}

} // namespace

TEST(text, utf8_rules_of_unicode_table_3_7)
{
    const std::pair<std::string, bool> rows[] = {
        {"", true},
        {"plain ASCII, longer than eight bytes", true},
        {"\xC2\x80", true},
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xEE\x80\x80", true},
        {"\xF0\x90\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"12345678\xE2\x82\xAC", true},
        {"\x80", false},
        {"\xC0\x80", false},         // overlong
        {"\xC1\xBF", false},         // overlong
        {"\xE0\x9F\xBF", false},     // overlong
        {"\xF0\x8F\xBF\xBF", false}, // overlong
        {"\xED\xA0\x80", false},     // surrogate
        {"\xED\xBF\xBF", false},     // surrogate
        {"\xF4\x90\x80\x80", false}, // above U+10FFFF
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
        {"\xC2", false},         // cut
        {"\xE2\x82", false},     // cut
        {"\xF0\x9F\x98", false}, // cut
        {"\xE2\x82x", false},
        {"12345678\xC3(", false},
    };
    for (const auto& [text, good] : rows) EXPECT_EQ(is_utf8(text), good) << printable(text);
}

TEST(text, utf16_agrees_with_boost_for_every_code_point)
{
    std::string all;
    for (char32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 || c > 0xD700 ? 1 : 7) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        if (c > 0x10100) c += 251;
        if (c > 0x10FFFF) break;
        all += encoded(c);
    }
    ASSERT_TRUE(is_utf8(all));
    const auto oracle = boost::locale::conv::utf_to_utf<char16_t>(all);
    const auto little = utf8_to_utf16(all, utf16_order::little);
    const auto big = utf8_to_utf16(all, utf16_order::big);
    ASSERT_TRUE(little && big);
    ASSERT_EQ(little->size(), oracle.size() * 2);
    ASSERT_EQ(big->size(), oracle.size() * 2);
    for (std::size_t i = 0; i < oracle.size(); ++i) {
        const auto low = static_cast<char>(oracle[i] & 255);
        const auto high = static_cast<char>(oracle[i] >> 8);
        ASSERT_TRUE((*little)[2 * i] == low && (*little)[2 * i + 1] == high);
        ASSERT_TRUE((*big)[2 * i] == high && (*big)[2 * i + 1] == low);
    }
    EXPECT_EQ(utf16_to_utf8(*little, utf16_order::little), all);
    EXPECT_EQ(utf16_to_utf8(*big, utf16_order::big), all);
}

TEST(text, utf16_that_is_refused)
{
    const std::string rows[] = {
        std::string("a", 1),                        // odd
        std::string("\x00\xD8", 2),                 // high surrogate at the end
        std::string("\x00\xD8\x41\x00", 4),         // high surrogate, then a letter
        std::string("\x00\xDC", 2),                 // low surrogate alone
        std::string("\x00\xD8\x00\xD8\x00\xDC", 6), // high, high, low
        std::string("a\0b\0c\0d\0e\0f\0g\0h\0\x00\xDC", 18),
    };
    for (const std::string& r : rows) EXPECT_EQ(utf16_to_utf8(r, utf16_order::little), std::nullopt) << printable(r);
    EXPECT_EQ(utf16_to_utf8(std::string("\x3D\xD8\x00\xDE", 4), utf16_order::little), "\xF0\x9F\x98\x80");
    EXPECT_EQ(utf16_to_utf8(std::string("\xD8\x3D\xDE\x00", 4), utf16_order::big), "\xF0\x9F\x98\x80");
    EXPECT_EQ(utf8_to_utf16("a\xFF", utf16_order::little), std::nullopt);
    EXPECT_EQ(utf8_to_utf16("\xED\xA0\x80", utf16_order::big), std::nullopt);
}

TEST(text, utf16_round_trip_at_every_alignment_of_the_fast_path)
{
    for (std::size_t before = 0; before < 20; ++before) {
        for (std::size_t after = 0; after < 20; ++after) {
            const std::string text = std::string(before, 'x') + "\xE2\x82\xAC" + std::string(after, 'y');
            for (const auto order : {utf16_order::little, utf16_order::big}) {
                const auto units = utf8_to_utf16(text, order);
                ASSERT_TRUE(units);
                ASSERT_EQ(utf16_to_utf8(*units, order), text);
            }
        }
    }
}

TEST(text, cut_never_splits_a_sequence)
{
    const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
    for (std::size_t limit = 0; limit <= text.size() + 2; ++limit) {
        const std::size_t cut = utf8_cut(text, limit);
        ASSERT_LE(cut, limit);
        ASSERT_LE(std::min(limit, text.size()) - cut, 3U);
        ASSERT_TRUE(is_utf8(bytes_view(text).substr(0, cut))) << limit;
    }
    EXPECT_EQ(utf8_cut("\xFF\xFE\xFD\xFC", 2), 2U); // raw bytes are cut anywhere
    EXPECT_EQ(utf8_cut("\x80\x80\x80\x80\x80", 4), 4U);
    EXPECT_EQ(utf8_cut("", 5), 0U);
}

TEST(text, printable_shows_what_would_be_obeyed)
{
    EXPECT_EQ(printable("plain \xC3\xA9 text"), "plain \xC3\xA9 text");
    EXPECT_EQ(printable("a\x1B[2Jb\r\n\t\x7F"), "a\\x1b[2Jb\\x0d\\x0a\\x09\\x7f");
    EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
    EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");          // C1 control sequence introducer
    EXPECT_EQ(printable("\xE2\x80\xAE"), "\\xe2\\x80\\xae"); // right-to-left override
    EXPECT_EQ(printable("bad \xFF utf"), "bad \\xff utf");
    EXPECT_EQ(printable("0123456789", 4), "0123\xE2\x80\xA6");
    EXPECT_EQ(printable("0123456789", 10), "0123456789");
    EXPECT_EQ(printable("abc\xE2\x82\xAC", 5), "abc\xE2\x80\xA6");
}

TEST(text, ascii_helpers)
{
    EXPECT_TRUE(iequals("ShellId", "SHELLID"));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("[", "{")); // 0x20 apart, no letters
    EXPECT_FALSE(iequals("\xC3\x89", "\xC3\xA9"));
    EXPECT_EQ(lower("AbC-\xC3\x89"), "abc-\xC3\x89");
    EXPECT_EQ(trim(" \t\r\nx y\n"), "x y");
    EXPECT_EQ(trim("  "), "");
    EXPECT_EQ(trim("\v"), "\v");
    EXPECT_EQ(clause("No KDC was found, or none answered."), "no KDC was found, or none answered");
    EXPECT_EQ(clause("A token is bad."), "a token is bad");
    EXPECT_EQ(clause("NTLM is off."), "NTLM is off");
    EXPECT_EQ(clause("."), "");
    EXPECT_EQ(clause("x"), "x");
}

TEST(text, booleans_and_numbers)
{
    for (const char* t : {"true", "TRUE", "True", "1", " true\n"}) EXPECT_EQ(parse_bool(t), true) << t;
    for (const char* f : {"false", "FALSE", "False", "0"}) EXPECT_EQ(parse_bool(f), false) << f;
    for (const char* b : {"", "yes", "2", "truex", "01"}) EXPECT_EQ(parse_bool(b), std::nullopt) << b;
    EXPECT_EQ(parse_unsigned("0"), 0U);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615U);
    for (const char* b : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1", "1.0"}) {
        EXPECT_EQ(parse_unsigned(b), std::nullopt) << b;
    }
}
