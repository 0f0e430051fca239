#include "xml/document.h"

#include "base/base64.h"

#include <gtest/gtest.h>

using namespace winrm;

namespace {

result<xml::document> parse(const std::string& text, const base::limits& limits = {})
{
    return xml::document::parse(text, limits);
}

std::string repeated(const std::string& text, std::size_t times)
{
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

} // namespace

TEST(document, tree_with_namespaces)
{
    const auto d =
        parse("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
              "<q:root xmlns:q='urn:one' xmlns='urn:two' q:at='1' at='2' xml:lang='en'><!-- c -->"
              "<leaf>te&amp;xt<![CDATA[<raw>]]>\n end</leaf><q:leaf xmlns:q='urn:three'/><leaf xmlns=''/></q:root>");
    ASSERT_TRUE(d) << d.error().message();
    const xml::element& root = d->root();
    EXPECT_TRUE(root.is("urn:one", "root"));
    EXPECT_EQ(*root.attribute_value("urn:one", "at"), "1");
    EXPECT_EQ(*root.attribute_value("", "at"), "2");
    EXPECT_EQ(*root.attribute_value("http://www.w3.org/XML/1998/namespace", "lang"), "en");
    EXPECT_EQ(root.attribute_value("urn:two", "at"), nullptr);
    ASSERT_EQ(root.children().size(), 3U);
    EXPECT_EQ(root.child("urn:two", "leaf")->text(), "te&xt<raw>\n end");
    EXPECT_TRUE(root.children()[1]->is("urn:three", "leaf"));
    EXPECT_TRUE(root.children()[2]->is("", "leaf"));
    EXPECT_EQ(root.child("urn:one", "leaf"), nullptr);
}

TEST(document, text_pieces_are_joined)
{
    const auto d = parse("<a> one<b>inner</b>two<!-- not three -->four \n</a>");
    ASSERT_TRUE(d);
    EXPECT_EQ(d->root().text(), " onetwofour \n");
    EXPECT_EQ(d->root().trimmed(), "onetwofour");
}

TEST(document, prefixes_in_text_resolve_where_they_stand)
{
    const auto d = parse("<a xmlns:p='urn:outer' xmlns='urn:default'><b xmlns:p='urn:inner'><c/></b><d/></a>");
    ASSERT_TRUE(d);
    const xml::element& c = *d->root().children()[0]->children()[0];
    EXPECT_EQ(c.namespace_of_prefix("p"), "urn:inner");
    EXPECT_EQ(d->root().children()[1]->namespace_of_prefix("p"), "urn:outer");
    EXPECT_EQ(c.namespace_of_prefix(""), "urn:default");
    EXPECT_EQ(c.namespace_of_prefix("none"), "");
}

TEST(document, stays_whole_when_moved)
{
    auto d = parse("<a><b>text long enough to be on the heap, not in the object</b></a>");
    ASSERT_TRUE(d);
    const xml::document moved = std::move(*d);
    EXPECT_EQ(moved.root().children()[0]->local(), "b");
    EXPECT_EQ(moved.root().children()[0]->text().substr(0, 4), "text");
}

TEST(document, what_is_cut_is_told_from_what_is_empty)
{
    for (const char* text : {"<a><b>", "<a>", "<a><b/>", "<a", "<a>text"})
        EXPECT_NE(parse(text).error().message().find("the XML ends too early"), std::string::npos) << text;
    for (const char* text : {"", "<!-- nothing -->"})
        EXPECT_NE(parse(text).error().message().find("there is no XML element"), std::string::npos) << text;
}

TEST(document, what_is_refused)
{
    const std::pair<const char*, std::string> rows[] = {
        {"empty", ""},
        {"white space", "  \n"},
        {"no XML", "This is not XML at all."},
        {"document type", "<!DOCTYPE a><a/>"},
        {"external document type", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"},
        {"entity", "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>"},
        {"billion laughs", "<!DOCTYPE a [<!ENTITY b 'ha'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><a>&c;</a>"},
        {"undefined entity", "<a>&nbsp;</a>"},
        {"processing instruction", "<?php echo 1 ?><a/>"},
        {"processing instruction inside", "<a><?x y?></a>"},
        {"undeclared prefix", "<p:a/>"},
        {"undeclared attribute prefix", "<a p:b='1'/>"},
        {"attribute twice", "<a b='1' b='2'/>"},
        {"attribute twice through two prefixes", "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"},
        {"end tag missing", "<a><b></a>"},
        {"cut", "<a><b"},
        {"two roots", "<a/><b/>"},
        {"text after the root", "<a/>x"},
        {"control character", "<a>\x01</a>"},
        {"control character by reference", "<a>&#1;</a>"},
        {"surrogate by reference", "<a>&#xD800;</a>"},
        {"bad UTF-8", "<a>\xFF</a>"},
        {"overlong UTF-8", "<a>\xC0\xAF</a>"},
        {"surrogate in UTF-8", "<a>\xED\xA0\x80</a>"},
        {"NUL", std::string("<a>\0</a>", 8)},
        {"UTF-16", std::string("\xFF\xFE<\0a\0/\0>\0", 10)},
        {"prefix xmlns declared", "<a xmlns:xmlns='u'/>"},
        {"separator in a namespace", "<a xmlns='u&#1;v'/>"},
    };
    for (const auto& [what, text] : rows) {
        SCOPED_TRACE(what);
        const auto d = parse(text);
        ASSERT_FALSE(d);
        EXPECT_EQ(d.error().code(), errc::protocol);
        EXPECT_NE(d.error().message().find("line "), std::string::npos) << d.error().message();
    }
}

TEST(document, an_encoding_in_the_declaration_is_not_obeyed)
{
    const auto d = parse("<?xml version='1.0' encoding='UTF-16'?><a>\xC3\xA9</a>");
    ASSERT_TRUE(d) << d.error().message();
    EXPECT_EQ(d->root().text(), "\xC3\xA9");
    // UTF-7 markup stays text
    const auto seven = parse("<?xml version='1.0' encoding='UTF-7'?><a>+ADw-b+AD4-</a>");
    ASSERT_TRUE(seven);
    EXPECT_TRUE(seven->root().children().empty());
}

TEST(document, messages_name_the_place_and_no_content)
{
    const auto d = parse("<a>\n  <secret></password>\n</a>");
    ASSERT_FALSE(d);
    EXPECT_EQ(d.error().message().find("password"), std::string::npos);
    EXPECT_NE(d.error().message().find("line 2"), std::string::npos);
}

// A bound as it is written holds; one more does not.
TEST(document, bounds)
{
    base::limits limits;
    limits.xml_depth = 10;
    limits.xml_attributes = 5;
    limits.xml_elements = 20;
    limits.xml_name = 30;
    limits.envelope = 4000;
    const std::pair<std::string, bool> rows[] = {
        {repeated("<a>", 10) + repeated("</a>", 10), true},
        {repeated("<a>", 11) + repeated("</a>", 11), false},
        {"<a b='1' c='2' d='3' e='4' f='5'/>", true},
        {"<a b='1' c='2' d='3' e='4' f='5' g='6'/>", false},
        {"<a xmlns='u' xmlns:p='v' d='3' e='4' f='5'/>", true},
        {"<a xmlns='u' xmlns:p='v' d='3' e='4' f='5' g='6'/>", false},
        {"<a>" + repeated("<b/>", 19) + "</a>", true},
        {"<a>" + repeated("<b/>", 20) + "</a>", false},
        {"<" + std::string(30, 'n') + "/>", true},
        {"<" + std::string(31, 'n') + "/>", false},
        {"<a " + std::string(31, 'n') + "=''/>", false},
        {"<a xmlns='" + std::string(31, 'u') + "'/>", false},
        {"<a xmlns='" + std::string(28, 'u') + "'/>", true}, // namespace, separator, one letter
        {"<a xmlns='" + std::string(29, 'u') + "'/>", false},
        {"<a>" + std::string(5900, 'x') + "</a>", true},
        {"<a>" + std::string(6000, 'x') + "</a>", false},
    };
    for (const auto& [text, good] : rows) {
        const auto d = parse(text, limits);
        EXPECT_EQ(d.has_value(), good) << text.substr(0, 60);
        EXPECT_TRUE(d || d.error().code() == errc::too_large);
    }
}

// Hardening: each of these is refused, and what is read before the refusal is bounded by the limits.
TEST(document, floods)
{
    base::limits wide;
    wide.envelope = 64 * 1024 * 1024;
    std::string attributes = "<a";
    std::string namespaces = "<a";
    for (int i = 0; i < 1'000'000; ++i) {
        attributes += " a" + std::to_string(i) + "=''";
        namespaces += " xmlns:a" + std::to_string(i) + "='u'";
    }
    for (const std::string& text : {repeated("<a>", 10'000), attributes + "/>", namespaces + "/>",
                                    "<a>" + repeated("<b/>", 1'000'000) + "</a>"}) {
        const auto d = parse(text, wide);
        ASSERT_FALSE(d);
        EXPECT_EQ(d.error().code(), errc::too_large);
        const auto narrow = parse(text);
        ASSERT_FALSE(narrow);
    }
}

TEST(document, a_stream_block_comes_through_whole)
{
    std::string raw(370'000, '\0');
    for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<char>(i * 7 + i / 251);
    const auto d = parse("<a><b>" + base::base64_encode(raw) + "</b></a>");
    ASSERT_TRUE(d);
    std::string back;
    ASSERT_TRUE(base::base64_decode(d->root().children()[0]->text(), back));
    EXPECT_EQ(back, raw);
}

TEST(document, parses_are_counted)
{
    const std::size_t before = xml::parse_count();
    EXPECT_TRUE(parse("<a/>"));
    EXPECT_FALSE(parse("<a"));
    EXPECT_EQ(xml::parse_count(), before + 2);
}
