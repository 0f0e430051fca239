#include "soap/charset.h"

#include <gtest/gtest.h>

using namespace winrm;
using soap::charset;

namespace {

std::string units(const std::string& text, base::utf16_order order) { return *base::utf8_to_utf16(text, order); }

const std::string letters = "<a>\xC3\xA9\xF0\x9F\x98\x80</a>";
const std::string little = units(letters, base::utf16_order::little);
const std::string big = units(letters, base::utf16_order::big);

} // namespace

TEST(charset, every_way_to_say_it)
{
    struct row
    {
        const char* what;
        std::string body;
        const char* name;
        charset encoding;
    };
    const row rows[] = {
        {"no name, no mark", letters, "", charset::utf8},
        {"no name, mark", "\xEF\xBB\xBF" + letters, "", charset::utf8},
        {"name", letters, "utf-8", charset::utf8},
        {"quoted name", letters, "\"UTF-8\"", charset::utf8},
        {"name and mark", "\xEF\xBB\xBF" + letters, "UTF-8", charset::utf8},
        {"UTF-16 with little mark", "\xFF\xFE" + little, "UTF-16", charset::utf16_le},
        {"UTF-16 with big mark", "\xFE\xFF" + big, "utf-16", charset::utf16_be},
        {"UTF-16 without mark, little", little, "utf-16", charset::utf16_le},
        {"UTF-16 without mark, big", big, "utf-16", charset::utf16_be},
        {"named order", little, "utf-16le", charset::utf16_le},
        {"named order, big", big, "UTF-16BE", charset::utf16_be},
        {"named order and mark", "\xFF\xFE" + little, "utf-16le", charset::utf16_le},
        {"no name, little mark", "\xFF\xFE" + little, "", charset::utf16_le},
        {"no name, big mark", "\xFE\xFF" + big, "", charset::utf16_be},
        {"no name, no mark, little", little, "", charset::utf16_le},
        {"no name, no mark, big", big, "", charset::utf16_be},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        const auto got = soap::decode(std::string(r.body), r.name);
        ASSERT_TRUE(got) << got.error().message();
        EXPECT_EQ(got->text, letters);
        EXPECT_EQ(got->encoding, r.encoding);
    }
    EXPECT_EQ(soap::decode("", "")->text, "");
}

TEST(charset, what_is_refused)
{
    const std::pair<std::string, const char*> rows[] = {
        {letters, "utf-7"},
        {letters, "iso-8859-1"},
        {letters, "utf-32"},
        {"\xFF\xFE" + little, "utf-8"},
        {"\xFE\xFF" + big, "utf-16le"},
        {"\xFF\xFE" + little, "utf-16be"},
        {"\xEF\xBB\xBF" + letters, "utf-16"},
        {"<a>\xFF</a>", "utf-8"},
        {"<a>\xED\xA0\x80</a>", ""},
        {"\xEF\xBB\xBF\xEF\xBB\xBF" + letters, "utf-8"}, // two marks
        {"\xFF\xFE\xFF\xFE" + little, "utf-16"},
        {"\xFF\xFE<", "utf-16"},                          // odd
        {std::string("\xFF\xFE\x00\xD8\x41\x00", 6), ""}, // unpaired surrogate
        {little + std::string("\x00\xDC", 2), "utf-16le"},
    };
    for (const auto& [body, name] : rows) {
        const auto got = soap::decode(std::string(body), name);
        ASSERT_FALSE(got) << name;
        EXPECT_EQ(got.error().code(), errc::protocol);
    }
}

TEST(charset, replies_come_back_as_they_were_asked)
{
    for (const charset c : {charset::utf8, charset::utf16_le, charset::utf16_be}) {
        const auto got = soap::decode(soap::encode(std::string(letters), c), c == charset::utf8 ? "utf-8" : "utf-16");
        ASSERT_TRUE(got);
        EXPECT_EQ(got->text, letters);
        EXPECT_EQ(got->encoding, c);
    }
    EXPECT_EQ(soap::encode("a", charset::utf16_le), std::string("\xFF\xFE"
                                                                "a\0",
                                                                4));
    EXPECT_EQ(soap::encode("a", charset::utf16_be), std::string("\xFE\xFF\0a", 4));
    EXPECT_EQ(soap::encode("a\xFF", charset::utf16_le), std::string("\xFF\xFE"
                                                                    "a\0?\0",
                                                                    6));
    EXPECT_EQ(soap::encode("a", charset::utf8), "a");
    EXPECT_EQ(soap::media_type(charset::utf8), "application/soap+xml;charset=UTF-8");
    EXPECT_EQ(soap::media_type(charset::utf16_be), "application/soap+xml;charset=UTF-16");
}
