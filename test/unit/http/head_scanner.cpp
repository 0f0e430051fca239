#include "http/head_scanner.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

using progress = head_scanner::progress;

struct row
{
    std::string name, text;
    progress state;
};

std::string head(const std::string& fields) { return "POST / HTTP/1.1\r\n" + fields + "\r\n"; }

const row rows[] = {
    {"no fields", head(""), progress::complete},
    {"fields", head("Host: h\r\nA:b\r\nEmpty:\r\n"), progress::complete},
    {"bytes above 0x7f and tabs in a value", head("A: \xc3\xa4\tb\r\n"), progress::complete},
    {"half", "POST / HTTP/1.1\r\nHost: h\r\n", progress::more},
    {"nothing", "", progress::more},
    {"S9 bare LF", "POST / HTTP/1.1\nHost: h\r\n\r\n", progress::bad},
    {"S9 bare LF at the end", "POST / HTTP/1.1\r\nHost: h\r\n\n", progress::bad},
    {"S9 bare CR", head("A: b\rc\r\n"), progress::bad},
    {"S9 CR CR LF", head("A: b\r\r\n"), progress::bad},
    {"S9 NUL", head(std::string{"A: b\0c\r\n", 8}), progress::bad},
    {"S9 NUL in the start line", std::string{"POST /\0 HTTP/1.1\r\n\r\n", 20}, progress::bad},
    {"S9 other control character", head("A: b\x1b[0m\r\n"), progress::bad},
    {"S9 DEL", head("A: b\x7f\r\n"), progress::bad},
    {"S9 folding by space", head("A: b\r\n c\r\n"), progress::bad},
    {"S9 folding by tab", head("A: b\r\n\tc\r\n"), progress::bad},
    {"S9 first field folded", head(" A: b\r\n"), progress::bad},
    {"S9 space before the colon", head("A : b\r\n"), progress::bad},
    {"S9 tab before the colon", head("A\t: b\r\n"), progress::bad},
    {"S9 no colon", head("Nothing\r\n"), progress::bad},
    {"S9 no name", head(": b\r\n"), progress::bad},
    {"S9 name is no token", head("A(b): c\r\n"), progress::bad},
    {"S9 empty start line", "\r\nPOST / HTTP/1.1\r\n\r\n", progress::bad},
    {"TLS where none is spoken", "\x16\x03\x01\x02", progress::bad},
};

TEST(head_scanner, S9_lets_through_only_what_has_one_reading)
{
    for (const row& r : rows) {
        head_scanner whole{4096, 8};
        whole.feed(r.text);
        EXPECT_EQ(whole.state(), r.state) << r.name;
        EXPECT_EQ(whole.why().empty(), r.state != progress::bad) << r.name;
        head_scanner bytewise{4096, 8};
        for (const char c : r.text) bytewise.feed({&c, 1});
        EXPECT_EQ(bytewise.state(), whole.state()) << r.name;
        EXPECT_EQ(bytewise.why(), whole.why()) << r.name;
        EXPECT_EQ(bytewise.text(), whole.text()) << r.name;
    }
}

TEST(head_scanner, stops_at_the_end_of_the_head_and_starts_anew)
{
    head_scanner scanner{4096, 8};
    const std::string one = head("A: b\r\n");
    EXPECT_EQ(scanner.feed(one + "body"), one.size());
    EXPECT_EQ(scanner.text(), one);
    EXPECT_EQ(scanner.feed("more"), 0u);
    scanner.reset();
    EXPECT_TRUE(scanner.empty());
    EXPECT_EQ(scanner.feed(one), one.size());
    EXPECT_EQ(scanner.state(), progress::complete);
}

TEST(head_scanner, S9_size_and_number_are_bounded_to_the_byte)
{
    const std::string one = head("A: " + std::string(100, 'x') + "\r\n");
    head_scanner fits{one.size(), 8}, tight{one.size() - 1, 8};
    fits.feed(one);
    tight.feed(one);
    EXPECT_EQ(fits.state(), progress::complete);
    EXPECT_EQ(tight.state(), progress::too_large);
    EXPECT_LE(tight.text().capacity(), one.size());

    std::string fields;
    for (int i = 0; i < 8; ++i) fields += "A: b\r\n";
    head_scanner eight{4096, 8}, nine{4096, 8};
    eight.feed(head(fields));
    nine.feed(head(fields + "A: b\r\n"));
    EXPECT_EQ(eight.state(), progress::complete);
    EXPECT_EQ(nine.state(), progress::too_large);
}

} // namespace
} // namespace winrm::http
