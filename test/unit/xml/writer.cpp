#include "xml/writer.h"

#include "xml/characters.h"
#include "xml/document.h"

#include <gtest/gtest.h>

using namespace winrm;

namespace {

template <class Write> std::string written(Write write)
{
    std::string out;
    xml::writer w(out);
    write(w);
    return out;
}

} // namespace

TEST(writer, elements_attributes_text)
{
    EXPECT_EQ(written([](xml::writer& w) { w.open("a").close(); }), "<a/>");
    EXPECT_EQ(written([](xml::writer& w) { w.open("a").text("").close(); }), "<a></a>");
    EXPECT_EQ(written([](xml::writer& w) { w.open("a").attribute("b", "1").open("c").close().leaf("d", "x").close(); }),
              "<a b=\"1\"><c/><d>x</d></a>");
    EXPECT_EQ(written([](xml::writer& w) { w.open("a").base64("foob").close(); }), "<a>Zm9vYg==</a>");
    EXPECT_EQ(written([](xml::writer& w) { w.open("a").raw("<b/>").close(); }), "<a><b/></a>");
}

TEST(writer, markup_is_escaped_and_comes_back)
{
    const std::string value = "<a href=\"x\">&amp; 'q' ]]> \xC3\xA9 \xF0\x9F\x98\x80\r\n\t end";
    const std::string out = written([&](xml::writer& w) { w.open("a").attribute("b", value).text(value).close(); });
    const auto read = xml::document::parse(out, base::limits{});
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->root().text(), value);
    EXPECT_EQ(*read->root().attribute_value("", "b"), value);
}

// MS-WSMV 2.2.4: what XML 1.0 cannot carry becomes '?', as Windows does.
TEST(writer, what_xml_cannot_carry_becomes_a_question_mark)
{
    const std::pair<std::string, std::string> rows[] = {
        {std::string("a\0b", 3), "a?b"},
        {"\x1B[31m", "?[31m"},
        {"\x01\x08\x0B\x0C\x0E\x1F", "??????"},
        {"\xFF\xFE", "??"},
        {"\xED\xA0\x80", "???"},
        {"\xEF\xBF\xBE|\xEF\xBF\xBF", "?|?"},
        {"cut \xE2\x82", "cut ??"},
        {"\x7F\t\n ok", "\x7F\t\n ok"},
        {"\xEF\xBF\xBD", "\xEF\xBF\xBD"},
    };
    for (const auto& [value, shown] : rows) {
        const std::string out = written([&v = value](xml::writer& w) { w.leaf("a", v); });
        EXPECT_EQ(out, "<a>" + shown + "</a>");
        EXPECT_TRUE(xml::document::parse(out, base::limits{}));
        EXPECT_EQ(xml::is_xml_text(value), value == shown) << "who asks before knows what would happen: " << shown;
    }
}

TEST(writer, every_byte_can_be_written)
{
    for (int c = 0; c < 256; ++c) {
        const std::string value(3, static_cast<char>(c));
        const std::string out = written([&](xml::writer& w) { w.open("a").attribute("b", value).text(value).close(); });
        const auto read = xml::document::parse(out, base::limits{});
        ASSERT_TRUE(read) << c;
        ASSERT_EQ(read->root().text().size(), 3U) << c;
        ASSERT_EQ(read->root().text(), *read->root().attribute_value("", "b")) << c;
    }
}
