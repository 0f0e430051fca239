#include "io/loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>

namespace {

using namespace winrm;
using namespace std::chrono_literals;

TEST(loop, posted_calls_run_in_order_and_run_returns)
{
    io::loop loop;
    std::string order;
    loop.post([&] {
        order += 'a';
        loop.post([&] { order += 'c'; });
    });
    loop.post([&] { order += 'b'; });
    loop.run();
    EXPECT_EQ(order, "abc");
    EXPECT_FALSE(loop.run_one()) << "nothing is waited for";
    loop.post([&] { order += 'd'; });
    EXPECT_TRUE(loop.run_one()) << "usable again after it ran dry";
    EXPECT_EQ(order, "abcd");
}

TEST(loop, stop_leaves_the_rest_for_the_next_run)
{
    io::loop loop;
    int calls = 0;
    loop.post([&] {
        ++calls;
        loop.stop();
    });
    loop.post([&] { ++calls; });
    loop.run();
    EXPECT_EQ(calls, 1);
    loop.run();
    EXPECT_EQ(calls, 2);
}

TEST(timer, calls_in_order_of_time_and_not_early)
{
    io::loop loop;
    io::timer late(loop), early(loop);
    std::string order;
    const auto begin = loop.now();
    late.set(begin + 20ms, [&] {
        order += 'l';
        EXPECT_GE(loop.now(), begin + 20ms);
    });
    early.set_after(1ms, [&] { order += 'e'; });
    loop.run();
    EXPECT_EQ(order, "el");
}

TEST(timer, cancelled_replaced_or_destroyed_is_never_called)
{
    io::loop loop;
    int calls = 0;
    io::timer cancelled(loop), replaced(loop), forever(loop), due(loop);
    std::optional<io::timer> destroyed(loop);
    cancelled.set_after(0ms, [&] { calls += 100; });
    replaced.set_after(0ms, [&] { calls += 100; });
    destroyed->set_after(0ms, [&] { calls += 100; });
    forever.set(base::time_point::max(), [&] { calls += 100; });
    cancelled.cancel();
    replaced.set_after(1ms, [&] { calls += 1; });
    destroyed.reset();
    loop.run();
    EXPECT_EQ(calls, 1);

    // Both are due in the same turn: the first one's handler takes the second one back although it is queued already.
    io::timer first(loop), second(loop);
    first.set(loop.now() - 2ms, [&] { second.cancel(); });
    second.set(loop.now() - 1ms, [&] { calls += 100; });
    loop.run();
    EXPECT_EQ(calls, 1);
}

TEST(timer, may_set_itself_again_and_may_be_moved)
{
    io::loop loop;
    io::timer a(loop);
    int calls = 0;
    std::function<void()> again = [&] {
        if (++calls < 3) a.set_after(0ms, again);
    };
    io::timer b(loop);
    b.set_after(0ms, again);
    io::timer c(std::move(b));
    loop.run();
    EXPECT_EQ(calls, 3);
}

TEST(signal_watch, delivers_from_the_loop_until_destroyed)
{
    io::loop loop;
    std::optional<io::signal_watch> watch;
    int seen = 0;
    watch.emplace(loop, std::initializer_list<int>{SIGUSR1, SIGUSR2}, [&](int signo) {
        seen = signo;
        watch.reset();
    });
    ASSERT_EQ(::raise(SIGUSR2), 0);
    loop.run();
    EXPECT_EQ(seen, SIGUSR2);
    struct sigaction now
    {};
    ASSERT_EQ(::sigaction(SIGUSR2, nullptr, &now), 0);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
}

} // namespace
