// What winrm ps makes of its words, and of what comes back.
#include "cli/ps_input.h"
#include "cli/ps_parameters.h"
#include "cli/ps_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::cli {
namespace {

using clixml::value;

TEST(ps_parameters, have_types)
{
    struct row
    {
        const char* text;
        const char* name;
        value expected;
    };
    const row rows[] = {
        {"a=x=y", "a", value("x=y")},
        {"-a=x", "a", value("x")},
        {"a=", "a", value("")},
        {"a", "a", value(true)},
        {"a:switch=false", "a", value(false)},
        {"a:int=-5", "a", value(-5)},
        {"a:LONG=5", "a", value(std::int64_t{5})},
        {"a:double=1.5", "a", value(1.5)},
        {"a:bool=$true", "a", value(true)},
        {"a:decimal=1.10", "a", value(clixml::decimal{"1.10"})},
        {"a:version=1.2.3", "a", value(clixml::version{"1.2.3"})},
        {"a:char=x", "a", value(u'x')},
        {"a:null", "a", value()},
        {"a:xml=<b/>", "a", value(clixml::xml_document{"<b/>"})},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.text);
        const auto got = parse_parameter(r.text);
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->name, r.name);
        EXPECT_EQ(got->value, r.expected);
    }
    EXPECT_EQ(parse_parameter("a:json={\"k\":1}")->value["k"], value(1));
}

TEST(ps_parameters, say_what_is_wrong)
{
    struct row
    {
        const char* text;
        const char* said;
    };
    const row rows[] = {
        {"=x", "a parameter needs a name"},
        {"a:int=x", "parameter a: x is no int"},
        {"a:int=99999999999", "is no int"},
        {"a:bool=maybe", "maybe is no bool"},
        {"a:datetime=today", "today is no datetime"},
        {"a:guid=1", "1 is no guid"},
        {"a:json={", "is no json"},
        {"a:float=1", "there is no type float; there are string, int"},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.text);
        const auto got = parse_parameter(r.text);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), errc::bad_argument);
        EXPECT_NE(got.error().message().find(r.said), std::string::npos) << got.error();
    }
}

TEST(ps_parameters, names_of_commands)
{
    for (const char* yes : {"Get-Process", "a-b", "Get-Foo_2"}) EXPECT_TRUE(is_command_name(yes)) << yes;
    for (const char* no : {"", "1", "exit", "-x", "Get-", "Get-Process | x", "Get-Process -Id 1", "$a-b", "5-3;"})
        EXPECT_FALSE(is_command_name(no)) << no;
}

TEST(ps_input, lines_cut_anywhere)
{
    const std::string text = "one\r\ntwo\n\nlast";
    for (std::size_t at = 0; at <= text.size(); ++at) {
        input_reader r("lines");
        auto all = r.received(base::bytes_view(text).substr(0, at), false);
        for (auto& v : r.received(base::bytes_view(text).substr(at), true)) all.push_back(std::move(v));
        EXPECT_EQ(all, (std::vector<value>{"one", "two", "", "last"})) << at;
    }
}

TEST(ps_input, json_lines_and_clixml)
{
    input_reader json("jsonl");
    EXPECT_EQ(json.received("1\n\n\"x\"\n", true), (std::vector<value>{1, "x"}));
    input_reader wrong("jsonl");
    EXPECT_EQ(wrong.received("1\n{\n2\n", true).size(), 1U);
    ASSERT_TRUE(wrong.failure());
    EXPECT_NE(wrong.failure()->message().find("line 2 of standard input is not JSON"), std::string::npos);
    EXPECT_TRUE(wrong.received("3\n", true).empty());
    input_reader xml("clixml");
    EXPECT_EQ(
        xml.received("<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><I32>1</I32>"
                     "<S>x</S></Objs>",
                     true),
        (std::vector<value>{1, "x"}));
    input_reader bad("clixml");
    static_cast<void>(bad.received("hello", true));
    EXPECT_TRUE(bad.failure());
}

TEST(ps_text, an_error_as_the_console_shows_it)
{
    psrp::error_record e = psrp::error_record::make("not there", "NotThere", psrp::error_category::object_not_found);
    e.category_message = "ObjectNotFound: (x:String) [Get-Item], Exception";
    psrp::invocation_info i;
    i.name = "Get-Item";
    i.position_message = "At line:1 char:1\n+ Get-Item x\n+ ~~~~~~~~~~";
    e.invocation = i;
    EXPECT_EQ(error_text(e), "Get-Item : not there\nAt line:1 char:1\n+ Get-Item x\n+ ~~~~~~~~~~\n"
                             "    + CategoryInfo          : ObjectNotFound: (x:String) [Get-Item], Exception\n"
                             "    + FullyQualifiedErrorId : NotThere\n");
}

TEST(ps_text, progress_is_one_line_of_any_width)
{
    psrp::progress_record r;
    r.activity = "Copying";
    r.status = "datei-\xC3\xA4\nb\x1B[2J";
    r.percent_complete = 250;
    EXPECT_EQ(progress_text(r, 200), "Copying  [####################]  100%  datei-\xC3\xA4 b [2J");
    for (std::size_t columns = 0; columns < 60; ++columns) {
        const auto line = progress_text(r, columns);
        EXPECT_LE(
            static_cast<std::size_t>(std::count_if(
                line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; })),
            columns);
    }
}

TEST(ps_text, lines_that_come_twice_are_shown_once)
{
    line_pairs p;
    EXPECT_TRUE(p.first_as_record("w"));
    EXPECT_FALSE(p.first_as_call("w"));
    EXPECT_TRUE(p.first_as_call("w"));
    EXPECT_TRUE(p.first_as_call("w"));
    EXPECT_FALSE(p.first_as_record("w"));
    EXPECT_FALSE(p.first_as_record("w"));
    EXPECT_TRUE(p.first_as_record("w"));
}

TEST(ps_text, formats)
{
    const value object(clixml::object{}.with("a", value(1)).with("b", value("x\"y")));
    const auto all = [&](object_format f, const std::vector<value>& values) {
        object_writer w(f);
        std::string out;
        for (const auto& v : values) out += w.write(v);
        return out + w.end();
    };
    EXPECT_EQ(all(object_format::json, {}), "[]\n");
    EXPECT_EQ(all(object_format::json, {object, value(2)}), "[\n{\"a\":1,\"b\":\"x\\\"y\"},\n2\n]\n");
    EXPECT_EQ(all(object_format::jsonl, {object, value("z")}), "{\"a\":1,\"b\":\"x\\\"y\"}\n\"z\"\n");
    EXPECT_EQ(all(object_format::csv, {object, value(clixml::object{}.with("b", value("z")))}),
              "\"a\",\"b\"\n\"1\",\"x\"\"y\"\n,\"z\"\n");
    EXPECT_EQ(all(object_format::csv, {value(5), value("x")}), "\"Value\"\n\"5\"\n\"x\"\n");
    const auto xml = all(object_format::clixml, {value(5)});
    clixml::reader r;
    r.received(xml);
    EXPECT_EQ((*r.poll())->content, value(5));
}

} // namespace
} // namespace winrm::cli
