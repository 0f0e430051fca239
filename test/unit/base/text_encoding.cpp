#include "base/text_encoding.h"

#include <gtest/gtest.h>

#include <string>

using namespace winrm::base;
using namespace std::string_view_literals;

TEST(text_encoding, s21_the_mark_of_utf8_is_no_part_of_the_text)
{
    EXPECT_EQ(without_mark("\xEF\xBB\xBFsesame"), "sesame");
    EXPECT_EQ(without_mark("\xEF\xBB\xBF"), "");
    for (const auto text : {""sv, "sesame"sv, "\xEF\xBB"sv, "a\xEF\xBB\xBF"sv}) EXPECT_EQ(without_mark(text), text);
}

TEST(text_encoding, s21_other_encodings_are_named_with_the_way_out)
{
    const struct
    {
        bytes_view begin, named;
    } rows[] = {
        {"\xFF\xFEs\0e\0"sv, "iconv -f UTF-16 "}, {"\xFE\xFF\0s\0e"sv, "iconv -f UTF-16 "},
        {"\xFF\xFE"sv, "iconv -f UTF-16 "},       {"s\0e\0"sv, "iconv -f UTF-16LE "},
        {"\0s\0e"sv, "iconv -f UTF-16BE "},       {"\xFF\xFE\0\0s\0\0\0"sv, "iconv -f UTF-32 "},
        {"\0\0\xFE\xFF"sv, "iconv -f UTF-32 "},
    };
    for (const auto& r : rows)
        EXPECT_NE(foreign_encoding(r.begin).find(r.named), bytes_view::npos) << r.named << foreign_encoding(r.begin);
    for (const auto text : {""sv, "s"sv, "sesame"sv, "\xEF\xBB\xBFs"sv, "\xC3\xA4"sv, "\x30\x82\x01\x02"sv, "\0"sv})
        EXPECT_EQ(foreign_encoding(text), "") << text;
}
