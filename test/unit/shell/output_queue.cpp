// Output that waits for its answer: cut, confirmed, cut again.
#include "shell/output_queue.h"

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace winrm;
using shell::output_queue;
using shell::stream_set;

constexpr stream_set both = 3, only_out = 1, only_err = 2;

std::string text(const output_queue::piece& p, base::bytes_view stream = "")
{
    std::string all;
    for (const auto& b : p.blocks) {
        if (stream.empty() || b.stream == stream) all += b.data;
    }
    return all;
}

TEST(output_queue, what_was_cut_stays_until_it_is_confirmed)
{
    output_queue q({"stdout", "stderr"});
    q.push(0, "one ");
    q.push(1, "two ");
    q.push(0, "three");
    auto p = q.cut(both, 10'000, 100, true);
    EXPECT_EQ(text(p), "one two three");
    EXPECT_TRUE(p.everything);
    EXPECT_EQ(q.size(), 13U);
    EXPECT_EQ(q.waiting(both), 0U);
    EXPECT_EQ(q.under_way(), 13U);
    q.rewind();
    EXPECT_EQ(q.under_way(), 0U);
    EXPECT_EQ(q.waiting(both), 13U);
    p = q.cut(both, 10'000, 100, true);
    EXPECT_EQ(text(p), "one two three");
    q.push(0, "!"); // while it is under way
    q.confirm();
    EXPECT_EQ(q.size(), 1U);
    EXPECT_EQ(text(q.cut(both, 10'000, 100, true)), "!");
}

TEST(output_queue, streams_that_are_not_wanted_stay)
{
    output_queue q({"stdout", "stderr"});
    q.push(0, "out");
    q.push(1, "err");
    EXPECT_EQ(q.waiting(only_err), 3U);
    EXPECT_EQ(text(q.cut(only_err, 1000, 100, true)), "err");
    q.confirm();
    EXPECT_FALSE(q.drop_front_outside(only_out));
    EXPECT_TRUE(q.drop_front_outside(only_err));
    EXPECT_EQ(q.size(), 0U);
    EXPECT_EQ(q.chunks(), 0U);
    EXPECT_FALSE(q.drop_front_outside(only_err));
}

TEST(output_queue, a_character_is_not_cut)
{
    output_queue q({"stdout"});
    q.push(0, "a\xE2\x82"); // two thirds of a euro sign
    auto p = q.cut(1, 1000, 100, false);
    EXPECT_EQ(text(p), "a");
    q.confirm();
    q.push(0, "\xAC!");
    EXPECT_EQ(text(q.cut(1, 1000, 100, false)), "\xE2\x82\xAC!");
    q.confirm();
    q.push(0, "\xE2\x82");
    EXPECT_EQ(text(q.cut(1, 1000, 100, true)), "\xE2\x82") << "nothing more comes";
}

TEST(output_queue, ends_of_streams)
{
    output_queue q({"stdout", "stderr"});
    EXPECT_TRUE(q.any_open());
    q.end(0);
    EXPECT_TRUE(q.any_open());
    q.end(1);
    EXPECT_FALSE(q.any_open());
}

/// Whatever is pushed, cut, lost and confirmed in any order: each stream arrives whole and once.
TEST(output_queue, nothing_is_lost_or_told_twice)
{
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        output_queue q({"stdout", "stderr"});
        std::string pushed[2], got[2];
        int number = 0;
        const auto receive = [&](bool last) {
            const auto p = q.cut(both, 150 + random() % 600, 100, last);
            if (random() % 3 == 0) return q.rewind();
            got[0] += text(p, "stdout");
            got[1] += text(p, "stderr");
            q.confirm();
        };
        for (int i = 0; i < 200; ++i) {
            if (random() % 2 == 0) {
                const std::size_t stream = random() % 2;
                const std::string data = std::to_string(number++) + "\xC3\xA4";
                const std::size_t half = random() % 2 == 0 ? data.size() : data.size() - 1;
                for (const auto& part : {data.substr(0, half), data.substr(half)}) {
                    if (!part.empty()) q.push(stream, part);
                }
                pushed[stream] += data;
            } else {
                receive(false);
            }
        }
        for (int i = 0; i < 10'000 && q.size() > 0; ++i) receive(true);
        EXPECT_EQ(got[0], pushed[0]) << seed;
        EXPECT_EQ(got[1], pushed[1]) << seed;
        EXPECT_EQ(q.size(), 0U);
        EXPECT_EQ(q.waiting(both), 0U);
    }
}

} // namespace
