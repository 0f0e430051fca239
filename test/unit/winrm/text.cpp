#include "cli/text.h"

#include <gtest/gtest.h>

using namespace winrm::cli;
using std::chrono::milliseconds;

TEST(Time, UnitsAndSums)
{
    EXPECT_EQ(parse_time("30s"), milliseconds(30'000));
    EXPECT_EQ(parse_time("5m"), milliseconds(300'000));
    EXPECT_EQ(parse_time("1h30m"), milliseconds(5'400'000));
    EXPECT_EQ(parse_time("250ms"), milliseconds(250));
    EXPECT_EQ(parse_time("1d"), milliseconds(86'400'000));
    EXPECT_EQ(parse_time("12"), milliseconds(12'000));
    EXPECT_EQ(parse_time("0"), milliseconds(0));
}

TEST(Time, WhatIsNone)
{
    for (const char* bad : {"", "s", "30x", "-1s", "1.5s", "5 m", "30s5m", "1m1m", "5m3", "99999999999999999999", "25d",
                            "9999999999h", "PT5S"}) {
        EXPECT_FALSE(parse_time(bad)) << bad;
    }
}

TEST(Time, FormatIsReadBack)
{
    for (const std::int64_t n : {0, 1, 250, 1000, 1500, 60'000, 90'000, 3'600'000, 86'400'000}) {
        EXPECT_EQ(parse_time(format_time(milliseconds(n))), milliseconds(n)) << format_time(milliseconds(n));
    }
    EXPECT_EQ(format_time(milliseconds(90'000)), "90s");
    EXPECT_EQ(format_time(milliseconds(300'000)), "5m");
}

TEST(Glob, StarsAndQuestionMarks)
{
    EXPECT_TRUE(glob_match("web*", "web1"));
    EXPECT_TRUE(glob_match("web*", "web"));
    EXPECT_TRUE(glob_match("*", ""));
    EXPECT_TRUE(glob_match("WEB?.example", "web1.Example"));
    EXPECT_TRUE(glob_match("*.*.com", "a.b.c.com"));
    EXPECT_TRUE(glob_match("a*b*c", "a-b-b-c"));
    EXPECT_FALSE(glob_match("web?", "web"));
    EXPECT_FALSE(glob_match("web", "web1"));
    EXPECT_FALSE(glob_match("a*b*c", "a-b-b"));
    EXPECT_FALSE(glob_match("", "a"));
}

TEST(Glob, ManyStarsEndSoon) { EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*a*ab", std::string(5000, 'a'))); }

TEST(Nearest, FindsSlipsOnly)
{
    const std::vector<std::string> known{"run", "identify", "shells", "explain", "config"};
    EXPECT_EQ(nearest("rnu", known), "run");
    EXPECT_EQ(nearest("ru", known), "run");
    EXPECT_EQ(nearest("identfy", known), "identify");
    EXPECT_EQ(nearest("shell", known), "shells");
    EXPECT_EQ(nearest("Explian", known), "explain");
    EXPECT_EQ(nearest("frobnicate", known), "");
    EXPECT_EQ(nearest("", known), "");
}

TEST(TerminalFilter, ControlCharactersBecomeVisible)
{
    terminal_filter f;
    EXPECT_EQ(f.pass("a\x1b[31mb\tc\r\n\a\b"), "a^[[31mb\tc\r\n\a\b");
    EXPECT_EQ(f.pass(std::string("\0\x7f\x0e", 3)), "^@^?^N");
    EXPECT_EQ(f.pass("\xc2\x9b"
                     "31m"),
              "M-^[31m"); // CSI as one C1 character
}

TEST(TerminalFilter, TextPassesAlsoCutAnywhere)
{
    const std::string text = "gr\xc3\xbc\xc3\x9f"
                             "e \xe2\x98\x83 \xf0\x9d\x84\x9e end\n";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        terminal_filter f;
        std::string got = f.pass(text.substr(0, cut));
        got += f.pass(text.substr(cut));
        got += f.flush();
        EXPECT_EQ(got, text) << cut;
    }
}

TEST(TerminalFilter, ControlCutInTwoIsStillCaught)
{
    terminal_filter f;
    EXPECT_EQ(f.pass("x\xc2"), "x");
    EXPECT_EQ(f.pass("\x9b"), "M-^[");
}

TEST(TerminalFilter, BytesThatAreNoText)
{
    const std::string bad = "\xef\xbf\xbd";
    terminal_filter f;
    EXPECT_EQ(f.pass("\x9b"
                     "1\xff"),
              bad + "1" + bad); // C1 as a raw byte
    EXPECT_EQ(f.pass("\xe2\x98"
                     "A"),
              bad + "A");
    EXPECT_EQ(f.pass("\xed\xa0\x80"), bad); // a surrogate
    EXPECT_EQ(f.pass("\xe2\x98"), "");
    EXPECT_EQ(f.flush(), bad);
    EXPECT_EQ(f.flush(), "");
}
