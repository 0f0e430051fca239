#include "psrp/stream_watch.h"

#include "unit/psrp/fragments.h"

#include <gtest/gtest.h>

#include <vector>

namespace winrm::psrp {
namespace {

std::vector<watched_message> seen(stream_watch& w)
{
    std::vector<watched_message> all;
    while (auto m = w.poll()) all.push_back(*m);
    return all;
}

TEST(stream_watch, messages_are_seen_however_their_bytes_are_cut)
{
    const std::string error(5000, 'e');
    const std::string whole = test::message(0x41006, "\xef\xbb\xbf<Obj><MS><I32 N=\"PipelineState\">5</I32>" + error +
                                                         "<I32 N=\"PipelineState\">1</I32></MS></Obj>");
    const std::string other = test::message(0x41004, "<I32 N=\"PipelineState\">4</I32>");
    for (const std::size_t fragment : {std::size_t{1}, std::size_t{13}, std::size_t{40}, std::size_t{32768}}) {
        const std::string bytes =
            test::fragments(1, other, fragment) + test::fragments(2, whole, fragment) + test::pool_state(3);
        for (const std::size_t cut : {std::size_t{1}, std::size_t{20}, std::size_t{4096}, bytes.size()}) {
            stream_watch w;
            for (std::size_t at = 0; at < bytes.size(); at += cut)
                ASSERT_TRUE(w.pass(base::bytes_view(bytes).substr(at, cut)));
            const auto all = seen(w);
            ASSERT_EQ(all.size(), 3U) << fragment << ' ' << cut;
            EXPECT_EQ(all[0], (watched_message{0x41004, other.size(), {}})) << "an object that looks like a state";
            EXPECT_EQ(all[1], (watched_message{0x41006, whole.size(), 5})) << "the first is the message's own";
            EXPECT_EQ(all[2].state, 3);
            EXPECT_TRUE(w.at_border());
        }
    }
}

TEST(stream_watch, a_state_that_is_no_number_is_none)
{
    for (const char* text : {"", "x", "4x", "99999999999", "123456789012", "--4"}) {
        stream_watch w;
        ASSERT_TRUE(w.pass(test::fragments(
            1, test::message(0x41006, std::string("<I32 N=\"PipelineState\">") + text + "</I32>"), 32768)));
        EXPECT_EQ(seen(w).at(0).state, std::nullopt) << text;
    }
}

TEST(stream_watch, what_is_no_psrp_ends_it)
{
    const std::string m = test::message(0x41004, "data");
    const auto good = [&](const std::string& bytes, std::uint64_t most = 0) {
        stream_watch w(most);
        const bool first = w.pass(bytes);
        EXPECT_EQ(w.pass(""), first);
        return first;
    };
    const base::bytes_view whole = m;
    const std::string first = test::fragment(1, 0, 1, whole.substr(0, 20)),
                      last = test::fragment(1, 1, 2, whole.substr(20));
    EXPECT_TRUE(good(first + last));
    EXPECT_FALSE(good(last)) << "no start";
    EXPECT_FALSE(good(first + first)) << "doubled";
    EXPECT_FALSE(good(first + last + last)) << "doubled end";
    EXPECT_FALSE(good(first + test::fragment(1, 2, 2, whole.substr(20)))) << "one is missing";
    EXPECT_FALSE(good(first + test::fragment(2, 1, 2, whole.substr(20)))) << "of another object";
    EXPECT_FALSE(good(test::fragment(1, 1, 3, whole))) << "does not begin with 0";
    EXPECT_FALSE(good(test::fragment(1, 0, 7, whole))) << "unknown flag";
    EXPECT_FALSE(good(test::fragment(1, 0, 3, whole.substr(0, 39)))) << "shorter than its header";
    EXPECT_FALSE(good(test::fragment(1, 0, 1, ""))) << "empty";
    EXPECT_TRUE(good(first + last, m.size()));
    EXPECT_FALSE(good(first + last, m.size() - 1)) << "longer than allowed";
    EXPECT_FALSE(good(test::fragment(1, 0, 1, whole).substr(0, 17) + std::string(4, '\xff'), 1'000'000))
        << "a length that lies";
}

} // namespace
} // namespace winrm::psrp
