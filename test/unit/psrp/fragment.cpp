#include "psrp/fragment.h"

#include <gtest/gtest.h>

#include <string>

namespace winrm::psrp {
namespace {

base::bytes unhex(std::string_view text)
{
    base::bytes out;
    int half = -1;
    for (const char c : text) {
        if (c == ' ') continue;
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (half < 0) {
            half = digit;
        } else {
            out += static_cast<char>(half * 16 + digit);
            half = -1;
        }
    }
    return out;
}

struct row
{
    const char* why;
    const char* hex;
    const char* messages; ///< joined by '|'
    std::optional<errc> expected;
};

constexpr row rows[] = {
    {"start and end in one", "0000000000000001 0000000000000000 03 00000002 4142", "AB", {}},
    {"the reserved bits are ignored", "0000000000000001 0000000000000000 ff 00000002 4142", "AB", {}},
    {"start, then end",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000001 0000000000000001 02 00000001 42",
     "AB",
     {}},
    {"an empty end",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000001 0000000000000001 02 00000000",
     "A",
     {}},
    {"two messages",
     "0000000000000001 0000000000000000 03 00000001 41 0000000000000002 0000000000000000 03 00000001 42",
     "A|B",
     {}},
    {"an earlier ObjectId later: Windows sends warnings so",
     "0000000000000005 0000000000000000 03 00000001 41 0000000000000004 0000000000000000 03 00000001 42",
     "A|B",
     {}},
    {"no message needs data", "0000000000000001 0000000000000000 03 00000000", "", {}},
    {"FragmentId starts at 0", "0000000000000001 0000000000000007 03 00000001 41", "", errc::protocol},
    {"a fragment is missing",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000001 0000000000000002 02 00000001 42", "",
     errc::protocol},
    {"a fragment came twice",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000001 0000000000000000 01 00000001 41", "",
     errc::protocol},
    {"the second fragment came twice",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000001 0000000000000001 00 00000001 42"
     "0000000000000001 0000000000000001 00 00000001 42",
     "", errc::protocol},
    {"a message came twice",
     "0000000000000001 0000000000000000 03 00000001 41 0000000000000001 0000000000000000 03 00000001 41", "A",
     errc::protocol},
    {"no start", "0000000000000001 0000000000000000 02 00000001 41", "", errc::protocol},
    {"another message in between",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000002 0000000000000001 02 00000001 42", "",
     errc::protocol},
    {"another message begins",
     "0000000000000001 0000000000000000 01 00000001 41 0000000000000002 0000000000000000 03 00000001 42", "",
     errc::protocol},
    {"empty and not the end", "0000000000000001 0000000000000000 01 00000000", "", errc::protocol},
    {"longer than a fragment may be", "0000000000000001 0000000000000000 03 00000041 41", "", errc::protocol},
    {"a length of 4 GiB", "0000000000000001 0000000000000000 03 ffffffff 41", "", errc::protocol},
    {"more than a message may be",
     "0000000000000001 0000000000000000 01 00000040 "
     "4141414141414141414141414141414141414141414141414141414141414141"
     "4141414141414141414141414141414141414141414141414141414141414141"
     "0000000000000001 0000000000000001 02 00000024 "
     "4141414141414141414141414141414141414141414141414141414141414141 41414141",
     "", errc::too_large},
};

std::string drain(defragmenter& d)
{
    std::string out;
    bool first = true;
    while (auto m = d.poll()) {
        if (!first) out += '|';
        first = false;
        out += *m;
    }
    return out;
}

TEST(fragment, rows)
{
    for (const row& r : rows) {
        SCOPED_TRACE(r.why);
        const base::bytes wire = unhex(r.hex);
        defragmenter whole{{.blob = 64, .message = 96}};
        const auto done = whole.push(wire);
        EXPECT_EQ(!done, r.expected.has_value());
        if (!done) {
            EXPECT_EQ(done.error().code(), r.expected.value_or(errc::internal));
            EXPECT_FALSE(whole.push("x")) << "an error stays";
        }
        EXPECT_EQ(drain(whole), r.messages);

        defragmenter bytewise{{.blob = 64, .message = 96}};
        bool failed = false;
        for (const char c : wire) failed = failed || !bytewise.push({&c, 1});
        EXPECT_EQ(failed, r.expected.has_value());
        EXPECT_EQ(drain(bytewise), r.messages);
        EXPECT_LE(bytewise.size(), 64u + fragment_header_size + 96u);
    }
}

TEST(fragment, whatever_is_cut_comes_together_again)
{
    for (const std::size_t piece : {22ul, 23ul, 50ul, 64ul, 1000ul, 100'000ul}) {
        SCOPED_TRACE(piece);
        fragmenter f;
        std::string expected;
        std::size_t octets = 0;
        for (std::size_t i = 0; i < 20; ++i) {
            const std::string message(i * i * 10, static_cast<char>('a' + i));
            expected += (i == 0 ? "" : "|") + message;
            octets += message.size();
            f.push(i + 1, message);
        }
        EXPECT_EQ(f.size(), octets);
        defragmenter d;
        while (!f.empty()) {
            const base::bytes taken = f.take(piece);
            ASSERT_FALSE(taken.empty());
            ASSERT_LE(taken.size(), piece);
            ASSERT_TRUE(d.push(taken));
        }
        EXPECT_EQ(f.size(), 0u);
        EXPECT_TRUE(d.at_border());
        EXPECT_EQ(drain(d), expected);
    }
}

TEST(fragment, no_blob_is_larger_than_the_specification_allows)
{
    fragmenter f;
    f.push(1, std::string(100'000, 'x'));
    const base::bytes all = f.take(1'000'000);
    std::size_t at = 0, fragments = 0;
    while (at < all.size()) {
        const auto got = read_fragment(base::bytes_view{all}.substr(at), largest_blob);
        ASSERT_TRUE(got);
        ASSERT_TRUE(got->has_value());
        at += fragment_header_size + (*got)->blob.size();
        ++fragments;
    }
    EXPECT_EQ(fragments, 4u);
}

TEST(fragment, one_message_only_where_the_carrier_wants_one)
{
    fragmenter f;
    f.push(1, "first");
    f.push(2, "second");
    defragmenter d;
    ASSERT_TRUE(d.push(f.take_of_one(1000)));
    EXPECT_EQ(drain(d), "first");
    EXPECT_FALSE(f.empty());
}

} // namespace
} // namespace winrm::psrp
