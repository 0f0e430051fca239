// Issue 9: the stdin of a command as a class of its own: pieces, end, back-off, and what becomes of a piece under way.
#include "shell/send_queue.h"

#include <gtest/gtest.h>

namespace winrm::shell {
namespace {

using base::milliseconds;

TEST(send_queue, one_piece_is_under_way_and_the_end_goes_with_the_last)
{
    send_queue q;
    EXPECT_FALSE(q.poll(4));
    q.push("abcdef", false);
    auto p = q.poll(4);
    ASSERT_TRUE(p);
    EXPECT_EQ(p->data, "abcd");
    EXPECT_FALSE(p->end);
    EXPECT_EQ(p->delay, milliseconds{0});
    EXPECT_FALSE(q.poll(4)) << "one at a time";
    q.push("gh", true);
    EXPECT_EQ(q.queued(), 8U) << "what is under way is not taken yet";
    q.handle_taken();
    p = q.poll(4);
    ASSERT_TRUE(p);
    EXPECT_EQ(p->data, "efgh");
    EXPECT_TRUE(p->end);
    q.handle_taken();
    EXPECT_FALSE(q.poll(4)) << "the end is sent once";
    q.push("more", true);
    EXPECT_EQ(q.queued(), 0U);
}

TEST(send_queue, an_end_that_comes_alone_or_while_the_last_bytes_are_under_way_is_sent_by_itself)
{
    send_queue empty;
    empty.push({}, true);
    auto p = empty.poll(4);
    ASSERT_TRUE(p);
    EXPECT_TRUE(p->data.empty() && p->end);

    send_queue late;
    late.push("ab", false);
    EXPECT_FALSE(late.poll(4)->end);
    late.push({}, true);
    late.handle_taken();
    p = late.poll(4);
    ASSERT_TRUE(p);
    EXPECT_TRUE(p->data.empty() && p->end);
}

TEST(send_queue, what_was_not_sent_goes_again_with_the_end)
{
    send_queue q;
    q.push("abcd", true);
    EXPECT_EQ(q.poll(4)->data, "abcd");
    q.handle_not_sent();
    EXPECT_EQ(q.poll(2)->data, "ab") << "smaller, as the host wants it";
    q.handle_not_sent(milliseconds{300});
    const auto p = q.poll(4);
    EXPECT_EQ(p->data, "abcd");
    EXPECT_TRUE(p->end);
    EXPECT_EQ(p->delay, milliseconds{300});
    q.handle_taken();
    EXPECT_FALSE(q.poll(4));
}

TEST(send_queue, a_busy_host_is_asked_ever_more_rarely_until_it_takes)
{
    send_queue q;
    q.push("ab", false);
    ASSERT_TRUE(q.poll(1));
    milliseconds before{0};
    for (int i = 0; i < 50; ++i) {
        q.handle_busy();
        const auto p = q.poll(1);
        ASSERT_TRUE(p);
        EXPECT_EQ(p->data, "a");
        EXPECT_TRUE(p->delay > before || p->delay == milliseconds{60'000}) << i;
        before = p->delay;
    }
    EXPECT_EQ(before, milliseconds{60'000});
    q.handle_taken();
    const auto p = q.poll(1);
    EXPECT_EQ(p->data, "b");
    EXPECT_EQ(p->delay, milliseconds{0});
    q.handle_taken_late();
    EXPECT_EQ(q.queued(), 0U);
    q.push("c", false);
    EXPECT_EQ(q.poll(1)->delay, milliseconds{50});
}

TEST(send_queue, more_is_wanted_once_for_each_push)
{
    send_queue q;
    EXPECT_TRUE(q.poll_wanted(4));
    EXPECT_FALSE(q.poll_wanted(4));
    q.push("abcd", false);
    EXPECT_FALSE(q.poll_wanted(4)) << "enough is queued";
    ASSERT_TRUE(q.poll(1));
    q.handle_taken();
    EXPECT_TRUE(q.poll_wanted(4));
    EXPECT_FALSE(q.poll_wanted(4));
    q.push("e", true);
    EXPECT_FALSE(q.poll_wanted(400)) << "nothing follows the end";
}

TEST(send_queue, dropped_it_sends_nothing_and_wants_nothing)
{
    send_queue q;
    q.push("abcd", true);
    ASSERT_TRUE(q.poll(2));
    q.drop();
    EXPECT_EQ(q.queued(), 0U);
    EXPECT_FALSE(q.poll(2));
    EXPECT_FALSE(q.poll_wanted(400));
    q.handle_taken(); // of what was under way
    q.push("more", false);
    EXPECT_EQ(q.queued(), 0U);
    EXPECT_FALSE(q.poll(2));
}

TEST(send_queue, bytes_are_kept_in_order_through_many_pieces)
{
    send_queue q;
    std::string all, got;
    for (int i = 0; i < 1000; ++i) {
        const std::string line = std::to_string(i) + "\n";
        all += line;
        q.push(line, i == 999);
        if (const auto p = q.poll(7)) got += p->data;
        i % 3 == 0 ? q.handle_taken_late() : q.handle_taken();
    }
    while (const auto p = q.poll(7)) {
        got += p->data;
        q.handle_taken();
    }
    EXPECT_EQ(got, all);
}

TEST(send_size, stays_between_the_smallest_envelope_and_4_mib)
{
    send_size s{512'000};
    const std::size_t first = s.piece();
    EXPECT_LT(first, 512'000U * 3 / 4);
    EXPECT_FALSE(s.learnt());
    s.learn(100'000'000);
    EXPECT_TRUE(s.learnt());
    EXPECT_LT(s.piece(), 4U * 1024 * 1024);
    EXPECT_GT(s.piece(), first);
    s.learn(10); // no host may say so
    EXPECT_GT(s.piece(), first);
    int halvings = 0;
    while (s.shrink()) ASSERT_LT(++halvings, 20);
    EXPECT_EQ(s.piece(), (8192U - 4096) / 4 * 3);
}

} // namespace
} // namespace winrm::shell
