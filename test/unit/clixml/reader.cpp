#include "clixml/reader.h"

#include "base/text.h"
#include "clixml/writer.h"
#include "xml/document.h"

#include <gtest/gtest.h>

using namespace winrm;
using clixml::value;

namespace {

std::string refusal(std::string_view xml, const clixml::limits& bounds = {})
{
    const auto v = clixml::read(xml, bounds);
    if (v) return "read";
    return v.error().message();
}

std::string repeated(std::string_view text, std::size_t times)
{
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

/// What a reader gives out for pieces of `size`, written again; "!" and the message for an error.
std::vector<std::string> pieces(std::string_view xml, std::size_t size, const clixml::limits& bounds = {})
{
    clixml::reader reader(bounds);
    std::vector<std::string> out;
    std::size_t at = 0;
    for (bool ended = false; !ended;) {
        ended = at >= xml.size();
        if (ended) reader.end_of_stream();
        else reader.received(xml.substr(at, size));
        at += size;
        for (;;) {
            const auto item = reader.poll();
            if (!item) {
                out.push_back("!" + item.error().message());
                return out;
            }
            if (!*item) break;
            out.push_back(std::string((*item)->stream.view()) + ':' + clixml::write((*item)->content));
        }
    }
    return out;
}

} // namespace

TEST(reader, what_is_wrong_and_where)
{
    const struct
    {
        std::string_view xml, why;
    } rows[] = {
        {"", "there is no value in the CLIXML (line 1, column 1)"},
        {" \n ", "there is no value in the CLIXML (line 2, column 2)"},
        {"hello", "this is not CLIXML (line 1, column 1)"},
        {"<html><S>a</S></html>", "this is not CLIXML (line 1, column 7)"},
        {"<S>a</S><S>b</S>", "there is more than one value in the CLIXML (line 1, column 17)"},
        {"<S>a", "the XML ends too early (line 1, column 5)"},
        {"<Obj RefId=\"0\"><MS>", "the XML ends too early (line 1, column 20)"},
        {"<S>a</I32>", "an XML end tag does not match its start tag (line 1, column 11)"},
        {"<Obj><MS></Props></Obj>", "an XML end tag does not match its start tag (line 1, column 18)"},
        {"<S>a&b;</S>", "an XML character reference names no character (line 1, column 12)"},
        {"<S>a&#0;</S>", "an XML character reference names no character (line 1, column 13)"},
        {"<S>a&#xD800;</S>", "an XML character reference names no character (line 1, column 17)"},
        {"<Obj><MS>&</MS></Obj>", "an XML character reference names no character (line 1, column 11)"},
        {"<Objs><New>&x;</New></Objs>", "an XML character reference names no character (line 1, column 15)"},
        {"<S x='&x;'>a</S>", "an XML character reference names no character (line 1, column 12)"},
        {"<S a:b='c'>a</S>", "an XML prefix is not declared (line 1, column 12)"},
        {"<Objs><New a:b='c'/></Objs>", "an XML prefix is not declared (line 1, column 21)"},
        {"<Objs><New><a:b/></New></Objs>", "a namespace stands inside of an unknown element (line 1, column 18)"},
        {"<S>a\x01</S>", "the XML holds a character that must not stand there (line 1, column 5)"},
        {"<S>a\xC0\x80</S>", "the XML holds a character that must not stand there (line 1, column 5)"},
        {"<S>a\xED\xA0\x80</S>", "the XML holds a character that must not stand there (line 1, column 5)"},
        {"<S>a]]></S>", "\"]]>\" stands in XML text (line 1, column 7)"},
        {"<!DOCTYPE S><S>a</S>", "a document type must not stand in CLIXML (line 1, column 1)"},
        {"<S><?x?></S>", "an XML processing instruction must not stand there (line 1, column 4)"},
        {"<S N=\"a\" N=\"b\">a</S>", "an XML attribute stands twice (line 1, column 10)"},
        {"<S N=a>a</S>", "an XML tag is not well-formed (line 1, column 4)"},
        {"<S N=\"<\">a</S>", "a '<' stands in an XML attribute (line 1, column 4)"},
        {"<x:S>a</x:S>", "an XML prefix is not declared (line 1, column 6)"},
        {"<S xmlns=\"urn:x\">a</S>", "an XML element is not in the namespace of CLIXML (line 1, column 18)"},
        {"<S><B>a</B></S>", "an XML element stands inside of a primitive value (line 1, column 7)"},
        {"<Ref RefId=\"7\" />", "a Ref refers to no object before it (line 1, column 18)"},
        {"<Obj><TNRef RefId=\"0\" /></Obj>", "a TNRef refers to no TN before it (line 1, column 25)"},
        {"<Obj><TN><S>a</S></TN></Obj>", "only T may stand in TN (line 1, column 13)"},
        {"<Obj><DCT><S>a</S></DCT></Obj>", "only En may stand in DCT (line 1, column 14)"},
        {"<Obj><DCT><En><S N=\"Key\">a</S></En></DCT></Obj>", "an En has no Key or no Value (line 1, column 36)"},
        {"<Obj><DCT><En><S N=\"X\">a</S></En></DCT></Obj>",
         "an En has something else than Key and Value (line 1, column 29)"},
        {"<PR><X>1</X></PR>", "an unknown element stands in PR (line 1, column 8)"},
        {"<B>maybe</B>", "a B is neither true nor false (line 1, column 13)"},
        {"<I32>2147483648</I32>", "an integer is none, or too large for its type (line 1, column 22)"},
        {"<By>-1</By>", "an integer is none, or too large for its type (line 1, column 12)"},
        {"<C>a</C>", "a C is not the number of a UTF-16 code unit (line 1, column 9)"},
        {"<Db>1,5</Db>", "an Sg or Db is not a floating-point number (line 1, column 13)"},
        {"<D>1E5</D>", "a D is not a decimal number (line 1, column 11)"},
        {"<DT>2024-02-30T00:00:00</DT>", "a DT is not a date and time (line 1, column 29)"},
        {"<TS>P</TS>", "a TS is not a duration, or too long (line 1, column 11)"},
        {"<TS>P10675200D</TS>", "a TS is not a duration, or too long (line 1, column 20)"},
        {"<BA>AQ</BA>", "a BA is not base64 (line 1, column 12)"},
        {"<G>1234</G>", "a G is not a GUID (line 1, column 12)"},
        {"<Version>1</Version>", "a Version is not two to four numbers (line 1, column 21)"},
        {"\n<Obj>\n  <MS>\n    <I32 N=\"\xC3\xA4\">x</I32></MS></Obj>",
         "an integer is none, or too large for its type (line 4, column 23)"},
    };
    for (const auto& r : rows) EXPECT_EQ(refusal(r.xml), r.why) << r.xml;
}

TEST(reader, bounds)
{
    const clixml::limits few{.depth = 5, .values = 10, .bytes = 1000, .recalled = 20};
    EXPECT_EQ(refusal(repeated("<Obj><LST>", 10)), "the XML ends too early (line 1, column 101)");
    EXPECT_EQ(refusal(repeated("<Obj><LST>", 10), few), "the CLIXML is nested too deeply (line 1, column 26)");
    EXPECT_EQ(refusal("<Objs>" + repeated("<x>", 10), few), "the CLIXML is nested too deeply (line 1, column 22)");
    EXPECT_EQ(refusal("<Obj><LST>" + repeated("<Nil/>", 10), few),
              "the CLIXML has too many values (line 1, column 71)");
    EXPECT_EQ(refusal("<Obj><TN>" + repeated("<T/>", 10), few), "the CLIXML has too many values (line 1, column 50)");
    EXPECT_EQ(refusal("<S>" + std::string(1000, 'a') + "</S>", few), "the CLIXML is too long");
    // Half a million elements inside each other.
    EXPECT_NE(refusal(repeated("<Obj><MS>", 500'000)).find("nested too deeply"), std::string::npos);
    // A value at the top that never ends, piece by piece.
    EXPECT_EQ(pieces("<S>" + std::string(5000, 'a'), 100, few),
              std::vector<std::string>{"!a value in the CLIXML is too long"});
    EXPECT_EQ(pieces("<Objs><Obj><LST>" + repeated("<x></x>", 500), 10,
                     {.depth = 100, .values = 100'000, .bytes = 1000, .recalled = 100}),
              std::vector<std::string>{"!a value in the CLIXML is too long"});
}

TEST(reader, a_Ref_costs_no_memory_but_what_it_brings_back_is_bounded)
{
    // Twenty levels of ten references each: 10^20 values, if it were unfolded.
    std::string bomb = "<Obj RefId=\"0\"><LST><S>x</S></LST></Obj>";
    for (int i = 1; i <= 20; ++i) {
        bomb = "<Obj RefId=\"" + std::to_string(i) + "\"><LST>" + bomb +
               repeated("<Ref RefId=\"" + std::to_string(i - 1) + "\" />", 9) + "</LST></Obj>";
    }
    const auto v = clixml::read(bomb);
    ASSERT_TRUE(v) << v.error().message();
    EXPECT_GT(v->size(), 1'000'000'000'000U);
    const std::string again = clixml::write(*v);
    EXPECT_LT(again.size(), 2 * bomb.size());
    const auto twin = clixml::read(again);
    ASSERT_TRUE(twin);
    EXPECT_TRUE(*twin == *v);

    // From value to value at the top, where it would be written anew each time.
    const std::string hundred = "<Objs><Obj RefId=\"0\"><LST>" + repeated("<Nil/>", 100) + "</LST></Obj>" +
                                repeated("<Ref RefId=\"0\"/>", 50) + "</Objs>";
    const auto items = pieces(hundred, 50, {.depth = 10, .values = 1000, .bytes = 10'000, .recalled = 1000});
    EXPECT_EQ(items.size(), 11U);
    EXPECT_EQ(items.back().substr(0, 52), "!the CLIXML brings back too many values by Ref (line");
}

TEST(reader, an_object_that_refers_to_itself)
{
    const std::string xml =
        "<Obj RefId=\"0\"><MS><I32 N=\"a\">1</I32><Ref N=\"self\" RefId=\"0\" /><Obj N=\"in\" RefId=\"1\">"
        "<LST><Ref RefId=\"0\" /><Ref RefId=\"1\" /></LST></Obj></MS></Obj>";
    const auto v = clixml::read(xml);
    ASSERT_TRUE(v) << v.error().message();
    EXPECT_EQ(v->find("self")->what(), clixml::kind::reference);
    EXPECT_EQ(clixml::write(*v), xml);
    EXPECT_TRUE(*clixml::read(xml) == *v);
    // Another one, of equal text but for what it refers to.
    std::string other = xml;
    other.replace(other.rfind("RefId=\"1\""), 9, "RefId=\"0\"");
    EXPECT_FALSE(*clixml::read(other) == *v);
}

TEST(reader, documents_in_a_row_cut_anywhere)
{
    const std::string xml =
        "\xEF\xBB\xBF#< CLIXML\r\n<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">"
        "<Obj S=\"progress\" RefId=\"0\"><TN RefId=\"0\"><T>A</T></TN><MS><I64 N=\"SourceId\">1</I64><PR N=\"Record\">"
        "<AV>act</AV><AI>0</AI><Nil /><PI>-1</PI><PC>-1</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR></MS></Obj>"
        "<S S=\"Error\">a&lt;b_x000D__x000A_</S><!-- c --></Objs>\n#< CLIXML\n"
        "<?xml version=\"1.0\"?><Objs><Obj RefId=\"0\"><TN RefId=\"0\"><T>B</T></TN></Obj>"
        "<Obj RefId=\"1\"><TNRef RefId=\"0\" /><MS><Ref N=\"p\" RefId=\"0\" /></MS></Obj></Objs><I32>5</I32>\n"
        "<p:S xmlns:p='http://schemas.microsoft.com/powershell/2004/04'>one<![CDATA[ & <]]><!-- x --> "
        "two\xC3\xA4</p:S>";
    const auto whole = pieces(xml, xml.size());
    ASSERT_EQ(whole.size(), 6U) << whole.back();
    EXPECT_EQ(whole[0].substr(0, 9), "progress:");
    EXPECT_EQ(whole[1], "Error:<S>a&lt;b_x000D__x000A_</S>");
    EXPECT_EQ(whole[3],
              ":<Obj RefId=\"0\"><TN RefId=\"0\"><T>B</T></TN><MS><Obj N=\"p\" RefId=\"1\"><TNRef RefId=\"0\" "
              "/></Obj></MS></Obj>");
    EXPECT_EQ(whole[5], ":<S>one &amp; &lt; two\xC3\xA4</S>");
    for (std::size_t size = 1; size < 60; ++size) EXPECT_EQ(pieces(xml, size), whole) << size;
    // Cut off: what was whole comes, and then it is said.
    for (std::size_t end = 11; end < xml.size(); ++end) {
        const auto part = pieces(std::string_view(xml).substr(0, end), 13);
        for (std::size_t i = 0; i < part.size() && part[i][0] != '!'; ++i) {
            if (part[i].starts_with(":<S>#")) break; // half a heading is a line of text
            EXPECT_EQ(part[i], whole[i]) << end;
        }
    }
}

TEST(reader, lines_of_other_programs_after_a_heading)
{
    const std::string xml = "#< CLIXML\r\nnative: a & b\r\n<Objs><S S=\"Error\">x</S>between\n<S>y</S></Objs>\nlast";
    const std::vector<std::string> all{":<S>native: a &amp; b</S>", "Error:<S>x</S>", ":<S>between_x000A_</S>",
                                       ":<S>y</S>", ":<S>last</S>"};
    for (std::size_t size = 1; size < 100; ++size) EXPECT_EQ(pieces(xml, size), all) << size;
    EXPECT_EQ(pieces("native\n<S>a</S>", 100).front(), "!this is not CLIXML (line 1, column 1)");
}

TEST(reader, utf16_with_a_mark)
{
    const std::string xml = "<Objs><S>a\xC3\xA4\xF0\x9F\x98\x80</S><S>b</S></Objs>";
    for (const auto order : {base::utf16_order::little, base::utf16_order::big}) {
        const std::string wide =
            (order == base::utf16_order::little ? "\xFF\xFE" : "\xFE\xFF") + *base::utf8_to_utf16(xml, order);
        for (std::size_t size = 1; size < 9; ++size) {
            EXPECT_EQ(pieces(wide, size), (std::vector<std::string>{":<S>a\xC3\xA4_xD83D__xDE00_</S>", ":<S>b</S>"}))
                << size;
        }
        EXPECT_EQ(pieces(wide + "x", 100).back(), "!the text has a mark of UTF-16, but is not UTF-16");
    }
    const auto one = clixml::read("\xFF\xFE" + *base::utf8_to_utf16("<S>a</S>", base::utf16_order::little));
    ASSERT_TRUE(one);
    EXPECT_EQ(*one->as<std::string>(), "a");
}

TEST(reader, unknown_elements_are_kept)
{
    const std::string xml =
        "<Obj RefId=\"0\"><MS><Later N=\"x\" y='1'>a<b>c</b><!-- d --></Later><S N=\"z\">e</S><New /></MS></Obj>";
    const auto v = clixml::read(xml);
    ASSERT_TRUE(v) << v.error().message();
    const clixml::object& o = *v->as_object();
    ASSERT_EQ(o.extended.size(), 3U);
    EXPECT_EQ(o.extended[0].name, "x");
    EXPECT_EQ(o.extended[0].content.words(), "<Later N=\"x\" y='1'>a<b>c</b><!-- d --></Later>");
    EXPECT_EQ(clixml::write(*v), xml);
    EXPECT_EQ(refusal("<Objs><a><b></a></b></Objs>"),
              "an XML end tag does not match its start tag (line 1, column 17)");
}

TEST(reader, ids_may_be_any_text_and_come_in_any_order)
{
    for (const char* id : {"RefId-7", "99999999999", "007", "5", ""}) {
        const std::string xml = "<Obj><LST><Obj RefId=\"" + std::string(id) + "\"><TN RefId=\"" + id +
                                "\"><T>A</T></TN></Obj><Ref RefId=\"" + id + "\"/></LST></Obj>";
        const auto v = clixml::read(xml);
        if (*id == '\0') {
            EXPECT_FALSE(v);
            continue;
        }
        ASSERT_TRUE(v) << v.error().message();
        EXPECT_TRUE(v->items()[0].is_same(v->items()[1])) << id;
    }
}

// The scanner is ours; what is well-formed, it leaves to expat's judgement.
TEST(reader, agrees_with_expat_on_what_is_well_formed)
{
    const std::string pieces_of[] = {"<S>",           "</S>",  "a",     "&amp;",  "&#65;",    "&x;", "<!-- c -->",
                                     "<![CDATA[x]]>", "]]>",   "<S",    " N='q'", " N=\"<\"", ">",   "/>",
                                     "\xC3\xA4",      "\xC3",  "\x02",  "--",     "<?p?>",    "&",   "<",
                                     "xmlns=''",      "<a:S>", "</a:S>"};
    std::uint32_t seed = 1;
    const auto random = [&seed](std::size_t below) {
        seed = seed * 1664525 + 1013904223;
        return static_cast<std::size_t>(seed >> 8U) % below;
    };
    std::size_t good = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string xml = "<S>";
        for (std::size_t n = random(4); n-- > 0;) xml += pieces_of[random(std::size(pieces_of))];
        xml += "</S>";
        const bool ours = clixml::read(xml).has_value();
        const auto document = xml::document::parse(xml, {});
        const bool theirs = document.has_value();
        // Not the other way round: a primitive holds no elements.
        if (ours) {
            ++good;
            EXPECT_TRUE(theirs) << xml;
        }
        if (theirs && document->root().children().empty()) {
            EXPECT_TRUE(ours) << xml;
        }
    }
    EXPECT_GT(good, 500U);
}
