#include "clixml/console.h"

#include "clixml/writer.h"

#include <gtest/gtest.h>

using namespace winrm;
using clixml::object;
using clixml::value;

namespace {

std::string filtered(std::string_view text, std::size_t size)
{
    clixml::console_filter filter;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += size) out += filter.pass(text.substr(at, size));
    return out + filter.flush();
}

/// The same however it is cut.
std::string filtered(std::string_view text)
{
    const std::string whole = filtered(text, text.size() + 1);
    for (std::size_t size = 1; size < 40; ++size) EXPECT_EQ(filtered(text, size), whole) << size;
    return whole;
}

const std::string head = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">";

} // namespace

TEST(console, what_is_no_CLIXML_stays_as_it_is)
{
    for (const std::string& text :
         {std::string(""), std::string("plain\n"), std::string("#"), std::string("#< CLIXML"),
          std::string("#< CLIXML\n"), std::string("#< CLIXML\r\n"), std::string("#< CLIXML\r"),
          std::string("#< CLIXML x\n<Objs></Objs>"), std::string("#< CLIXML\nhello\n"), std::string("#< CLIXML\n<Ob"),
          std::string("#< CLIXML\n#< CLIXML\n"), std::string("a #< CLIXML\n<Objs><S>b</S></Objs>"),
          std::string("<Objs><S>b</S></Objs>"), std::string("#< CLIXML\n<Objs><broken\x01>"),
          std::string("#< CLIXML\n<Objs><S>not closed"), std::string("#< CLIXML\nbytes \xFF\xFE\0\n", 19)})
        EXPECT_EQ(filtered(text), text);
    EXPECT_EQ(filtered("#< CLIXML\nhello\n"), "#< CLIXML\nhello\n");
    EXPECT_EQ(filtered("one\n#< CLIXM\ntwo"), "one\n#< CLIXM\ntwo");
}

TEST(console, errors_and_warnings_of_PowerShell)
{
    EXPECT_EQ(
        filtered(
            "before\n#< CLIXML\r\n" + head +
            "<Obj S=\"progress\" RefId=\"0\"><MS><I64 N=\"SourceId\">1</I64></MS></Obj>"
            "<S S=\"Error\">fake : not &lt;found&gt;_x000D__x000A_</S><S S=\"Error\">At line:1 char:1_x000D__x000A_</S>"
            "<S S=\"warning\">warn</S><S S=\"verbose\">verb</S><S S=\"debug\">dbg</S>"
            "<Obj S=\"information\" RefId=\"1\"><ToString>hi</ToString></Obj>"
            "<S S=\"Error\">_x001B_[31;1mred_x001B_[0m_x000A_</S></Objs>after\n"),
        "before\nfake : not <found>\r\nAt line:1 char:1\r\nWARNING: warn\nVERBOSE: verb\nDEBUG: dbg\nred\nafter\n");
    // Two documents, and what a native program wrote among them.
    EXPECT_EQ(filtered("#< CLIXML\n" + head +
                       "<S S=\"Error\">a_x000A_</S>native\n<S S=\"Error\">b_x000A_</S></Objs>#< CLIXML\n" + head +
                       "<S S=\"Error\">c_x000A_</S></Objs>"),
              "a\nnative\nb\nc\n");
    EXPECT_EQ(filtered("#< CLIXML\nplain err\n" + head + "<S S=\"Error\">a_x000A_</S></Objs>"),
              "#< CLIXML\nplain err\na\n");
    EXPECT_EQ(filtered("#< CLIXML\r\n" + head + "</Objs>"), "");
    // What was whole is shown, the rest is as it came.
    EXPECT_EQ(filtered("#< CLIXML\n<Objs><S S=\"Error\">a_x000A_</S><S S=\"Error\">b"), "a\n<S S=\"Error\">b");
    EXPECT_EQ(filtered("#< CLIXML\n<Objs><S S=\"Error\">a_x000A_</S><I32>x</I32><S>c</S></Objs>d"),
              "a\n<I32>x</I32><S>c</S></Objs>d");
}

TEST(console, a_filter_shows_what_is_whole_at_once_and_holds_back_little)
{
    clixml::console_filter filter;
    EXPECT_EQ(filter.pass("text without an end"), "text without an end");
    EXPECT_EQ(filter.pass("\n#<"), "\n");
    EXPECT_EQ(filter.pass(" CLIXML\n<Objs><S S=\"Error\">a_x000A_</S><S S"), "a\n");
    EXPECT_EQ(filter.pass("=\"Error\">b_x000A_</S>"), "b\n");
    const std::string piece(1024ul * 1024, 'x');
    std::string out = filter.pass("<S S=\"Error\">");
    for (int i = 0; i < 5; ++i) out += filter.pass(piece);
    EXPECT_GT(out.size(), 4 * piece.size()); // too long for a value: as it is
}

TEST(console, text_of_values)
{
    EXPECT_EQ(clixml::to_text("a\nb"), "a\nb");
    EXPECT_EQ(clixml::to_text(true), "True");
    EXPECT_EQ(clixml::to_text(u'x'), "x");
    EXPECT_EQ(clixml::to_text(5), "5");
    EXPECT_EQ(clixml::to_text(value{}), "");
    EXPECT_EQ(clixml::to_text(object::enumeration("E", "Blue", 9)), "Blue");
    EXPECT_EQ(clixml::to_text(object::array({1, "two", object::array({3})})), "1\ntwo\n3");
    EXPECT_EQ(clixml::to_text(object().with("Name", "x").with("Length", 5LL).with("Of", object::array({1, 2}))),
              "Name   : x\nLength : 5\nOf     : {1, 2}");
    EXPECT_EQ(clixml::to_text(object::hashtable({{"a", 1}, {"b", object().with("c", 2)}})), "a : 1\nb : @{c=2}");
    EXPECT_EQ(clixml::to_text(object({"X"}).shown_as("words")), "words");
    EXPECT_EQ(clixml::console_text({"Warning", "w"}), "WARNING: w\n");
    EXPECT_EQ(clixml::console_text({"information", "i"}), "i\n");
    EXPECT_EQ(clixml::console_text({"", 5}), "5\n");
    value bomb = object().with("x", 1);
    for (int i = 0; i < 40; ++i) bomb = object::array({bomb, bomb, bomb});
    EXPECT_LT(clixml::to_text(bomb).size(), 10'000'000U);
}
