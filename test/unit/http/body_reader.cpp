#include "http/body_reader.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using framing = body_reader::framing;
using progress = body_reader::progress;
using grammar = body_reader::grammar;
using storage = body_reader::storage;

struct row
{
    std::string name, text;
    progress strict, lenient;
    std::string body;
    std::string rest;
};

const std::string long_trailer = "0\r\nX: " + std::string(9000, 'y') + "\r\n\r\n";

const row rows[] = {
    {"one chunk", "5\r\nhello\r\n0\r\n\r\n", progress::complete, progress::complete, "hello", ""},
    {"none", "0\r\n\r\n", progress::complete, progress::complete, "", ""},
    {"several, upper and lower case", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", progress::complete,
     progress::complete, "01234567890123456789", ""},
    {"what follows is left", "1\r\na\r\n0\r\n\r\nPOST", progress::complete, progress::complete, "a", "POST"},
    {"leading zeros", "0005\r\nhello\r\n00\r\n\r\n", progress::complete, progress::complete, "hello", ""},
    {"half", "5\r\nhel", progress::more, progress::more, "", ""},
    {"S9 extension", "1;x=y\r\na\r\n0\r\n\r\n", progress::bad, progress::complete, "a", ""},
    {"S9 space behind the size", "1 \r\na\r\n0\r\n\r\n", progress::bad, progress::complete, "a", ""},
    {"S9 trailer", "1\r\na\r\n0\r\nX: y\r\n\r\n", progress::bad, progress::complete, "a", ""},
    {"S9 endless trailer", long_trailer, progress::bad, progress::bad, "", ""},
    {"S9 endless extension", "1;" + std::string(9000, 'y') + "\r\na\r\n0\r\n\r\n", progress::bad, progress::bad, "",
     ""},
    {"S9 bare LF behind the size", "1\na\r\n0\r\n\r\n", progress::bad, progress::bad, "", ""},
    {"S9 bare LF behind the data", "1\r\na\n0\r\n\r\n", progress::bad, progress::bad, "", ""},
    {"S9 data longer than said", "1\r\nab\r\n0\r\n\r\n", progress::bad, progress::bad, "", ""},
    {"S9 no size", "\r\na\r\n", progress::bad, progress::bad, "", ""},
    {"S9 sign", "+1\r\na\r\n0\r\n\r\n", progress::bad, progress::bad, "", ""},
    {"S9 0x", "0x1\r\na\r\n0\r\n\r\n", progress::bad, progress::bad, "", ""},
    {"S9 size that overflows", "FFFFFFFFFFFFFFFFF\r\n", progress::bad, progress::bad, "", ""},
    {"S10 one chunk above the limit", "65\r\n", progress::too_large, progress::too_large, "", ""},
    {"S10 together above the limit", "32\r\n" + std::string(50, 'x') + "\r\n33\r\n", progress::too_large,
     progress::too_large, "", ""},
};

TEST(body_reader, S9_chunks_strict_and_lenient_whole_and_bytewise)
{
    for (const row& r : rows) {
        for (const grammar g : {grammar::strict, grammar::lenient}) {
            const progress expected = g == grammar::strict ? r.strict : r.lenient;
            body_reader whole{framing::chunked, 0, 100, g, storage::keep};
            const std::size_t used = whole.feed(r.text);
            EXPECT_EQ(whole.state(), expected) << r.name;
            body_reader bytewise{framing::chunked, 0, 100, g, storage::keep};
            for (const char c : r.text) bytewise.feed({&c, 1});
            EXPECT_EQ(bytewise.state(), expected) << r.name;
            if (expected != progress::complete) continue;
            EXPECT_EQ(r.text.substr(used), r.rest) << r.name;
            EXPECT_EQ(whole.take(), r.body) << r.name;
            EXPECT_EQ(bytewise.take(), r.body) << r.name;
        }
    }
}

TEST(body_reader, S10_a_length_above_the_limit_is_known_at_once)
{
    EXPECT_EQ((body_reader{framing::length, 101, 100, grammar::strict, storage::keep}.state()), progress::too_large);
    EXPECT_EQ((body_reader{framing::length, 0, 100, grammar::strict, storage::keep}.state()), progress::complete);
    body_reader b{framing::length, 3, 100, grammar::strict, storage::keep};
    EXPECT_EQ(b.feed("ab"), 2u);
    EXPECT_EQ(b.state(), progress::more);
    EXPECT_EQ(b.feed("cd"), 1u);
    EXPECT_EQ(b.state(), progress::complete);
    EXPECT_EQ(b.take(), "abc");
}

TEST(body_reader, until_close_ends_with_the_stream_or_at_the_limit)
{
    body_reader b{framing::until_close, 0, 5, grammar::lenient, storage::keep};
    EXPECT_EQ(b.feed("hello"), 5u);
    EXPECT_EQ(b.state(), progress::more);
    b.end_of_stream();
    EXPECT_EQ(b.state(), progress::complete);
    EXPECT_EQ(b.take(), "hello");
    body_reader large{framing::until_close, 0, 5, grammar::lenient, storage::keep};
    large.feed("hello!");
    EXPECT_EQ(large.state(), progress::too_large);
    body_reader cut{framing::length, 5, 5, grammar::lenient, storage::keep};
    cut.feed("hell");
    cut.end_of_stream();
    EXPECT_EQ(cut.state(), progress::more);
}

TEST(body_reader, what_is_dropped_is_counted_all_the_same)
{
    body_reader b{framing::chunked, 0, 5, grammar::strict, storage::drop};
    b.feed("3\r\nabc\r\n3\r\n");
    EXPECT_EQ(b.state(), progress::too_large);
    body_reader d{framing::length, 5, 5, grammar::strict, storage::drop};
    d.feed("hello");
    EXPECT_EQ(d.state(), progress::complete);
    EXPECT_EQ(d.take(), "");
}

} // namespace
} // namespace winrm::http
