#include "clixml/reader.h"
#include "clixml/value.h"
#include "clixml/writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace winrm;
using clixml::kind;
using clixml::object;
using clixml::value;

namespace {

value again(const value& v)
{
    const std::string xml = clixml::write(v);
    const auto read = clixml::read(xml);
    EXPECT_TRUE(read) << read.error().message() << '\n' << xml;
    return read ? *read : value("not read");
}

std::string of(std::string_view xml)
{
    const auto v = clixml::read(xml);
    return v ? clixml::write(*v) : v.error().message();
}

} // namespace

TEST(values, are_made_of_what_cpp_has)
{
    EXPECT_EQ(clixml::write(value{}), "<Nil />");
    EXPECT_EQ(clixml::write(value{5}), "<I32>5</I32>");
    EXPECT_EQ(clixml::write(value{5U}), "<U32>5</U32>");
    EXPECT_EQ(clixml::write(value{5LL}), "<I64>5</I64>");
    EXPECT_EQ(clixml::write(value{std::int8_t{-5}}), "<SB>-5</SB>");
    EXPECT_EQ(clixml::write(value{std::uint8_t{5}}), "<By>5</By>");
    EXPECT_EQ(clixml::write(value{std::int16_t{-5}}), "<I16>-5</I16>");
    EXPECT_EQ(clixml::write(value{std::uint16_t{5}}), "<U16>5</U16>");
    EXPECT_EQ(clixml::write(value{std::numeric_limits<std::uint64_t>::max()}), "<U64>18446744073709551615</U64>");
    EXPECT_EQ(clixml::write(value{true}), "<B>true</B>");
    EXPECT_EQ(clixml::write(value{u'a'}), "<C>97</C>");
    EXPECT_EQ(clixml::write(value{"x"}), "<S>x</S>");
    EXPECT_EQ(clixml::write(value{1.5}), "<Db>1.5</Db>");
    EXPECT_EQ(clixml::write(value{1.5F}), "<Sg>1.5</Sg>");
    EXPECT_EQ(clixml::write(value{clixml::byte_array{std::string("\x01\x02\x03\x04")}}), "<BA>AQIDBA==</BA>");
    EXPECT_EQ(clixml::write(value{clixml::decimal{"1.50"}}), "<D>1.50</D>");
    EXPECT_EQ(clixml::write(value{clixml::script_block{"a < b"}}), "<SBK>a &lt; b</SBK>");
    EXPECT_EQ(clixml::write(value{*base::uuid::parse("792E5B37-4505-47EF-B7D2-8711BB7AFFA8")}),
              "<G>792e5b37-4505-47ef-b7d2-8711bb7affa8</G>");
}

TEST(values, every_primitive_comes_back)
{
    const std::string long_text(1000, 'q');
    const value all[] = {value{},
                         value{false},
                         value{u'\xD800'},
                         value{std::numeric_limits<std::int8_t>::min()},
                         value{std::numeric_limits<std::int16_t>::min()},
                         value{std::numeric_limits<std::int32_t>::min()},
                         value{std::numeric_limits<std::int64_t>::min()},
                         value{std::numeric_limits<std::uint32_t>::max()},
                         value{std::numeric_limits<double>::infinity()},
                         value{-std::numeric_limits<float>::infinity()},
                         value{std::numeric_limits<double>::denorm_min()},
                         value{std::numeric_limits<double>::max()},
                         value{std::nextafter(0.1F, 1.0F)},
                         value{-0.0},
                         value{""},
                         value{"fourteen chars"},
                         value{"fifteen  chars."},
                         value{long_text},
                         value{std::string("\0\x01\t\r\n\x7F\xC2\x85_x0041_ _X0041_ _x", 26)},
                         value{"\xF0\x9F\x98\x80 \xED\xA0\xBD alone \xED\xB8\x80\xED\xA0\xBD"},
                         value{"\xEF\xBF\xBE \xEF\xBF\xBF \"'<>&"},
                         value{"  spaces  "},
                         value{clixml::decimal{"79228162514264337593543950335"}},
                         value{clixml::uri{"http://x/\xC3\xA4?a=b&c"}},
                         value{clixml::version{"1.2.3.4"}},
                         value{clixml::xml_document{"<a b=\"c\">\n d</a>"}},
                         value{clixml::secure_string{"AQIDBA=="}},
                         value{clixml::duration{std::numeric_limits<std::int64_t>::min()}},
                         value{clixml::duration{std::numeric_limits<std::int64_t>::max()}},
                         value{clixml::duration{0}},
                         value{clixml::duration{864'000'000'000}},
                         value{clixml::date_time{0, clixml::date_time::zone::unspecified, 0}},
                         value{clixml::date_time{3'155'378'975'999'999'999, clixml::date_time::zone::utc, 0}},
                         value{clixml::date_time{633'435'073'522'731'993, clixml::date_time::zone::offset, -420}}};
    for (const value& v : all) EXPECT_TRUE(again(v) == v) << clixml::write(v);
    EXPECT_TRUE(std::isnan(*again(value{std::nan("")}).as<double>()));
    EXPECT_TRUE(std::signbit(*again(value{-0.0}).as<double>()));
}

TEST(values, times_are_exact)
{
    const auto t = clixml::read("<DT>2008-04-11T10:42:32.2731993-07:00</DT>")->as<clixml::date_time>();
    ASSERT_TRUE(t);
    EXPECT_EQ(t->ticks, 633'435'073'522'731'993); // as PowerShell says
    EXPECT_EQ(t->offset_minutes, -420);
    for (const char* same : {"<DT>2008-04-11T10:42:32.2731993-07:00</DT>", "<DT>2000-02-29T23:59:59.0000001Z</DT>",
                             "<DT>0001-01-01T00:00:00</DT>", "<DT>9999-12-31T23:59:59.9999999</DT>",
                             "<DT>2026-11-28T16:58:46.6150997+00:00</DT>", "<TS>-P10675199DT2H48M5.4775808S</TS>",
                             "<TS>P10675199DT2H48M5.4775807S</TS>", "<TS>PT0S</TS>", "<TS>PT0.0000001S</TS>",
                             "<TS>P1D</TS>", "<TS>PT1H5M</TS>", "<TS>P11DT2H12M9.0010011S</TS>"})
        EXPECT_EQ(of(same), same);
    // As PowerShell reads them.
    EXPECT_EQ(of("<DT>2008-04-11</DT>"), "<DT>2008-04-11T00:00:00</DT>");
    EXPECT_EQ(of("<DT>2008-04-11T10:42:32.27319935+00:00</DT>"), "<DT>2008-04-11T10:42:32.2731994+00:00</DT>");
    EXPECT_EQ(of("<DT>2008-04-11T24:00:00</DT>"), "<DT>2008-04-12T00:00:00</DT>");
    EXPECT_EQ(of("<TS>P1Y2M</TS>"), "<TS>P425D</TS>");
    for (const char* bad :
         {"<DT>2008-13-11T10:42:32</DT>", "<DT>2007-02-29T10:42:32</DT>", "<DT>2008-04-11T10:60:32</DT>",
          "<DT>2008-04-11T10:42:32.</DT>", "<DT>2008-04-11T10:42:32+15:00</DT>", "<DT>9999-12-31T24:00:00</DT>",
          "<DT>0000-01-01</DT>", "<TS>PT</TS>", "<TS>P1S</TS>", "<TS>PT1S1H</TS>", "<TS>P1.5D</TS>",
          "<TS>-P10675199DT2H48M5.4775809S</TS>"})
        EXPECT_FALSE(clixml::read(bad)) << bad;
}

TEST(values, escapes_as_PowerShell_writes_and_reads_them)
{
    EXPECT_EQ(clixml::write(value{"Order\nDetails"}), "<S>Order_x000A_Details</S>");
    EXPECT_EQ(clixml::write(value{"Order_Details"}), "<S>Order_Details</S>");
    EXPECT_EQ(clixml::write(value{"Order_x0020_"}), "<S>Order_x005F_x0020_</S>");
    EXPECT_EQ(clixml::write(value{"\xF0\x9F\x98\x80"}), "<S>_xD83D__xDE00_</S>");
    const struct
    {
        std::string_view xml, text;
    } rows[] = {{"_X000A_", "\n"},
                {"_x000a_", "\n"},
                {"_x0001F600_", "\xF0\x9F\x98\x80"},
                {"_x00_", "_x00_"},
                {"_x005F_x000A_", "_x000A_"},
                {"__x000A__", "_\n_"},
                {"_xD83D__xDE00_", "\xF0\x9F\x98\x80"},
                {"_xDE00__xD83D_", "\xED\xB8\x80\xED\xA0\xBD"},
                {"&#95;x0041_", "A"},
                {"a\r\nb\rc\nd", "a\nb\nc\nd"},
                {"&#13;&#10;&lt;&gt;&amp;&quot;&apos;", "\r\n<>&\"'"},
                {"  sp  ", "  sp  "}};
    for (const auto& r : rows) {
        const auto v = clixml::read("<S>" + std::string(r.xml) + "</S>");
        ASSERT_TRUE(v) << r.xml;
        EXPECT_EQ(*v->as<std::string>(), r.text) << r.xml;
    }
}

TEST(values, as_converts_what_fits)
{
    EXPECT_EQ(value{5}.as<std::uint8_t>(), std::uint8_t{5});
    EXPECT_EQ(value{-5}.as<std::uint8_t>(), std::nullopt);
    EXPECT_EQ(value{300}.as<std::uint8_t>(), std::nullopt);
    EXPECT_EQ(value{std::numeric_limits<std::uint64_t>::max()}.as<std::int64_t>(), std::nullopt);
    EXPECT_EQ(value{5}.as<std::string>(), std::nullopt);
    EXPECT_EQ(value{true}.as<std::int32_t>(), std::nullopt);
    EXPECT_EQ(value{1.5F}.as<double>(), 1.5);
    EXPECT_EQ(value(object::enumeration("System.ConsoleColor", "Blue", 9)).as<std::int32_t>(), 9);
    EXPECT_EQ(value{std::uint8_t{200}}.as<std::int32_t>(), 200);
}

TEST(values, objects)
{
    const value v = object(clixml::type_names{"A", "B"})
                        .with("Name", "x")
                        .with("Inner", object().with("n", 1))
                        .with_adapted("Size", 5LL)
                        .shown_as("shown");
    EXPECT_EQ(
        clixml::write(v),
        "<Obj RefId=\"0\"><TN RefId=\"0\"><T>A</T><T>B</T></TN><ToString>shown</ToString><Props><I64 N=\"Size\">5</I64>"
        "</Props><MS><S N=\"Name\">x</S><Obj N=\"Inner\" RefId=\"1\"><MS><I32 N=\"n\">1</I32></MS></Obj></MS></Obj>");
    EXPECT_TRUE(again(v) == v);
    EXPECT_EQ(v.find("Size")->as<std::int64_t>(), 5);
    EXPECT_EQ(v.find("Inner", "n")->as<std::int32_t>(), 1);
    EXPECT_EQ(v.find("Inner", "m"), nullptr);
    EXPECT_TRUE(v["none"].is_null());
    EXPECT_EQ(v.size(), 5U);
    EXPECT_TRUE(v.as_object()->types.holds("B"));

    const value d = object::hashtable({{"a", 1}, {2, "b"}});
    EXPECT_EQ(d.entry("a")->as<std::int32_t>(), 1);
    EXPECT_EQ(d.entry("b"), nullptr);
    for (const auto holds :
         {clixml::contents::list, clixml::contents::stack, clixml::contents::queue, clixml::contents::enumerable}) {
        const value list = object::container(holds, {1, "two", d}, {"T"});
        EXPECT_TRUE(again(list) == list);
        EXPECT_EQ(again(list).items().size(), 3U);
        EXPECT_FALSE(list == value(object::container(holds, {1, "two"}, {"T"})));
    }
    EXPECT_TRUE(again(d) == d);
    const value wrapped = object::wrapped("text").with("Note", 1);
    EXPECT_EQ(again(wrapped).as<std::string>(), "text");
    EXPECT_TRUE(again(wrapped) == wrapped);
}

TEST(values, what_is_shared_is_written_once)
{
    const value inner = object().with("a", 1);
    const value v = object::array({inner, inner, object::array({inner})});
    EXPECT_EQ(
        clixml::write(v),
        "<Obj RefId=\"0\"><TN RefId=\"0\"><T>System.Object[]</T><T>System.Array</T><T>System.Object</T></TN><LST>"
        "<Obj RefId=\"1\"><MS><I32 N=\"a\">1</I32></MS></Obj><Ref RefId=\"1\" /><Obj RefId=\"2\"><TNRef RefId=\"0\" />"
        "<LST><Ref RefId=\"1\" /></LST></Obj></LST></Obj>");
    const value back = again(v);
    EXPECT_TRUE(back.items()[0].is_same(back.items()[1]));
    EXPECT_TRUE(back == v);
}

TEST(values, a_reference_to_what_it_stands_in)
{
    auto [identity, reference] = clixml::make_reference();
    object o;
    o.identity = identity;
    const value v = std::move(o).with("self", reference);
    EXPECT_EQ(clixml::write(v), "<Obj RefId=\"0\"><MS><Ref N=\"self\" RefId=\"0\" /></MS></Obj>");
    EXPECT_TRUE(again(v) == v);
    EXPECT_EQ(clixml::write(*v.find("self")), "<Nil />");
}

TEST(values, a_document_of_many)
{
    const value inner = object(clixml::type_names{"T"}).with("a", 1);
    const value held = object::array({inner}); // whatever is held by one alone is nobody else's
    clixml::document_writer w;
    w.add(inner);
    w.add(inner, "Error");
    w.add("x", "Output");
    w.finish();
    EXPECT_EQ(
        w.take_output(),
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\"><Obj RefId=\"0\"><TN "
        "RefId=\"0\"><T>T</T></TN><MS><I32 N=\"a\">1</I32></MS></Obj><Ref S=\"Error\" RefId=\"0\" /><S "
        "S=\"Output\">x</S></Objs>");
    EXPECT_EQ(w.take_output(), "");
}
