#include "clixml/json.h"

#include "clixml/writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace winrm;
using clixml::object;
using clixml::value;

namespace {

std::string json_of(const value& v)
{
    const std::string json = clixml::to_json(v);
    const auto back = clixml::from_json(json);
    EXPECT_TRUE(back) << back.error().message() << '\n' << json;
    if (back) {
        EXPECT_TRUE(*back == v) << json << '\n' << clixml::write(v) << '\n' << clixml::write(*back);
    }
    return json;
}

value xml(std::string_view text)
{
    const auto v = clixml::read(text);
    EXPECT_TRUE(v) << v.error().message() << '\n' << text;
    return v ? *v : value();
}

std::string refusal(std::string_view json)
{
    const auto v = clixml::from_json(json);
    return v ? clixml::write(*v) : v.error().message();
}

} // namespace

TEST(json, primitives)
{
    const struct
    {
        std::string_view xml, json;
    } rows[] = {
        {"<Nil />", "null"},
        {"<B>true</B>", "true"},
        {"<S>a\"\\_x000A_\xC3\xA4_xD83D__xDE00__xD83D_</S>", "\"a\\\"\\\\\\n\xC3\xA4\xF0\x9F\x98\x80\\ud83d\""},
        {"<I32>-5</I32>", "-5"},
        {"<I64>5</I64>", "{\"$int64\":5}"},
        {"<I64>5000000000</I64>", "5000000000"},
        {"<U64>18446744073709551615</U64>", "{\"$uint64\":18446744073709551615}"},
        {"<By>5</By>", "{\"$uint8\":5}"},
        {"<Db>5</Db>", "5.0"},
        {"<Db>1E+300</Db>", "1E+300"},
        {"<Db>NaN</Db>", "{\"$double\":\"NaN\"}"},
        {"<Db>-INF</Db>", "{\"$double\":\"-INF\"}"},
        {"<Sg>1.5</Sg>", "{\"$single\":1.5}"},
        {"<D>1.50</D>", "{\"$decimal\":1.50}"},
        {"<D>.5</D>", "{\"$decimal\":\".5\"}"},
        {"<C>97</C>", "{\"$char\":\"a\"}"},
        {"<C>55357</C>", "{\"$char\":\"\\ud83d\"}"},
        {"<DT>2008-04-11T10:42:32.2731993-07:00</DT>", "{\"$date_time\":\"2008-04-11T10:42:32.2731993-07:00\"}"},
        {"<TS>PT9.0269026S</TS>", "{\"$duration\":\"PT9.0269026S\"}"},
        {"<BA>AQIDBA==</BA>", "{\"$bytes\":\"AQIDBA==\"}"},
        {"<G>792e5b37-4505-47ef-b7d2-8711bb7affa8</G>", "{\"$guid\":\"792e5b37-4505-47ef-b7d2-8711bb7affa8\"}"},
        {"<URI>http://x/</URI>", "{\"$uri\":\"http://x/\"}"},
        {"<Version>1.2</Version>", "{\"$version\":\"1.2\"}"},
        {"<XD>&lt;a /&gt;</XD>", "{\"$xml\":\"<a />\"}"},
        {"<SBK>gci</SBK>", "{\"$script\":\"gci\"}"},
        {"<SS>AQIDBA==</SS>", "{\"$secure_string\":\"AQIDBA==\"}"}};
    for (const auto& r : rows) {
        const value v = xml(r.xml);
        EXPECT_EQ(clixml::to_json(v), r.json);
        const auto back = clixml::from_json(r.json);
        ASSERT_TRUE(back) << r.json << back.error().message();
        EXPECT_EQ(clixml::write(*back), clixml::write(v));
    }
}

TEST(json, objects)
{
    EXPECT_EQ(json_of(object().with("Name", "x").with("n", 1).with("size", 5LL).with("$odd", clixml::version{"1.2"})),
              R"({"Name":"x","n":1,"size":5,"$$odd":"1.2","$as":{"size":"int64","$$odd":"version"}})");
    EXPECT_EQ(json_of(object({"A", "B"}).shown_as("t").with_adapted("a", 1)),
              R"({"$types":["A","B"],"$text":"t","a":1,"$adapted":true})");
    EXPECT_EQ(json_of(object().with_adapted("a", 1).with("b", 2)), R"({"a":1,"b":2,"$adapted":["a"]})");
    EXPECT_EQ(json_of(object().with_adapted("a", 1).with("a", 2)),
              R"({"$properties":[{"name":"a","adapted":true,"value":1},{"name":"a","adapted":false,"value":2}]})");
    EXPECT_EQ(json_of(object()), "{}");
    EXPECT_EQ(json_of(object().with("int64", 1)), R"({"int64":1})");
    EXPECT_EQ(json_of(object::array({1, "a", nullptr})), R"([1,"a",null])");
    EXPECT_EQ(json_of(object::array_list({1LL})),
              R"({"$types":["System.Collections.ArrayList","System.Object"],"$list":[{"$int64":1}]})");
    EXPECT_EQ(json_of(object::container(clixml::contents::stack, {2, 1}, {})), R"({"$stack":[2,1]})");
    EXPECT_EQ(json_of(object::container(clixml::contents::queue, {}, {})), R"({"$queue":[]})");
    EXPECT_EQ(json_of(object::container(clixml::contents::enumerable, {1}, {})), R"({"$enumerable":[1]})");
    EXPECT_EQ(
        json_of(object::hashtable({{"a", 1}, {"$b", 2LL}})),
        R"({"$types":["System.Collections.Hashtable","System.Object"],"$dictionary":{"a":1,"$$b":2,"$as":{"$$b":"int64"}}})");
    EXPECT_EQ(json_of(object::hashtable({{1, "x"}, {"1", 2}})),
              R"({"$types":["System.Collections.Hashtable","System.Object"],"$dictionary":[[1,"x"],["1",2]]})");
    EXPECT_EQ(
        json_of(object::enumeration("E", "Blue", std::uint8_t{9})),
        R"({"$types":["E","System.Enum","System.ValueType","System.Object"],"$text":"Blue","$value":9,"$as":{"$value":"uint8"}})");
    EXPECT_EQ(json_of(object::wrapped("s").with("Note", 1)), R"({"$value":"s","Note":1})");
    EXPECT_EQ(json_of(xml("<Obj><MS><MS N=\"set\"><I32 N=\"a\">1</I32></MS><New>&lt;</New></MS></Obj>")),
              R"({"set":{"$property_set":{"a":1}},"":{"$unknown":"<New>&lt;</New>"}})");
    EXPECT_EQ(
        json_of(
            xml("<PR><AV>act</AV><AI>0</AI><Nil /><PI>-1</PI><PC>5</PC><T>Completed</T><SR>-1</SR><SD> </SD></PR>")),
        R"({"$progress":{"Activity":"act","ActivityId":0,"CurrentOperation":null,"ParentActivityId":-1,"PercentComplete":5,)"
        R"("Type":"Completed","SecondsRemaining":-1,"StatusDescription":" "}})");
}

TEST(json, what_is_shared_stays_shared)
{
    const value inner = object().with("a", 1);
    EXPECT_EQ(json_of(object::array({inner, inner})), R"([{"$id":1,"a":1},{"$ref":1}])");
    EXPECT_TRUE(clixml::from_json(R"([{"$id":1,"a":1},{"$ref":1}])")
                    ->items()[0]
                    .is_same(clixml::from_json(R"([{"$id":1,"a":1},{"$ref":1}])")->items()[0]) == false);
    const value back = *clixml::from_json(R"([{"$id":1,"a":1},{"$ref":1}])");
    EXPECT_TRUE(back.items()[0].is_same(back.items()[1]));
    EXPECT_EQ(json_of(xml("<Obj RefId=\"0\"><MS><Ref N=\"self\" RefId=\"0\" /></MS></Obj>")),
              R"({"$id":1,"self":{"$ref":1}})");

    value bomb = object().with("x", 1);
    for (int i = 0; i < 40; ++i) bomb = object::array({bomb, bomb, bomb});
    EXPECT_LT(json_of(bomb).size(), 5000U);
    EXPECT_LT(clixml::to_json(bomb, {.plain = true}).size(), 5'000'000U);
}

TEST(json, plain)
{
    const value v = object({"T"})
                        .with_adapted("When", clixml::date_time{0, clixml::date_time::zone::utc, 0})
                        .with("Color", object::enumeration("E", "Blue", 9))
                        .with("Size", 5LL)
                        .with("When", 1)
                        .with("Table", object::hashtable({{"a", 1}, {2, 3}}))
                        .with("Shown", object({"X"}).shown_as("words"));
    EXPECT_EQ(clixml::to_json(v, {.plain = true}),
              R"({"When":"0001-01-01T00:00:00Z","Color":"Blue","Size":5,"Table":{"a":1,"2":3},"Shown":"words"})");
    EXPECT_EQ(clixml::to_json(clixml::item{"Error", "x"}), R"({"$stream":"Error","$item":"x"})");
    EXPECT_EQ(clixml::item_from_json(R"({"$stream":"Error","$item":"x"})")->stream, "Error");
}

TEST(json, bad_input)
{
    const struct
    {
        std::string_view json, why;
    } rows[] = {{"", "the JSON ends too early (line 1, column 1)"},
                {"{\"a\":1", "the JSON ends too early (line 1, column 7)"},
                {"[1 2]", "a ',' or ']' is missing in the JSON (line 1, column 4)"},
                {"[1]x", "something follows the JSON value (line 1, column 4)"},
                {"01", "this is not JSON (line 1, column 3)"},
                {"1.", "this is not JSON (line 1, column 3)"},
                {"nul", "this is not JSON (line 1, column 1)"},
                {"\"\\q\"", "a JSON escape is none (line 1, column 4)"},
                {"\"\xFF\"", "the JSON is not UTF-8 (line 1, column 2)"},
                {"\"a\nb\"", "a control character stands in a JSON string (line 1, column 3)"},
                {"{1:2}", "the name of a JSON member is missing (line 1, column 2)"},
                {"\n {\"$ref\":1}", "a $ref has no $id before it (line 2, column 10)"},
                {"{\"$int64\":\"x\"}", "this is not of the kind that is said of it (line 1, column 11)"},
                {"{\"$char\":\"ab\"}", "a char is not one UTF-16 code unit (line 1, column 10)"},
                {"{\"$what\":1}", "a member whose name begins with '$' is none of the mapping (line 1, column 10)"},
                {"{\"a\":1,\"$as\":{\"a\":\"b\"}}", "$as names no kind (line 1, column 19)"},
                {"{\"$unknown\":\"<a>\"}", "$unknown is not one XML element (line 1, column 13)"},
                {"{\"$unknown\":\"<a/><b/>\"}", "$unknown is not one XML element (line 1, column 13)"},
                {"{\"$dictionary\":[[1]]}", "an entry is not a key and a value (line 1, column 17)"},
                {"{\"$list\":1}", "an array must stand here (line 1, column 10)"}};
    for (const auto& r : rows) EXPECT_EQ(refusal(r.json), r.why) << r.json;
    std::string deep(100'000, '[');
    EXPECT_EQ(refusal(deep), "the JSON is nested too deeply (line 1, column 102)");
}
