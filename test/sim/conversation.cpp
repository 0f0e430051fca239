#include "sim/world.h"

#include <gtest/gtest.h>

#include <memory>

namespace winrm::sim {
namespace {

using base::milliseconds;
using shell::signal_code;

TEST(conversation, echo_takes_five_requests)
{
    world w;
    w.client.open();
    w.client.run({"echo", {"hello"}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.out, "hello");
    EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
    EXPECT_EQ(w.exchanges, 5U);
    EXPECT_TRUE(w.client.finished());
    EXPECT_EQ(w.table.objects(), 0U);
}

TEST(conversation, input_comes_back_whole_in_pieces)
{
    world w;
    w.client.open();
    const auto n = w.client.run({"cat", {}, {}, {}, {}});
    std::string sent;
    for (int i = 0; i < 100'000; ++i) sent += std::to_string(i);
    w.client.send_input(n, sent, true);
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.out, sent);
    EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
}

TEST(conversation, compressed_streams_come_back_whole)
{
    std::string sent;
    for (int i = 0; i < 60'000; ++i) sent += std::to_string(i * 7919);
    std::size_t plain = 0;
    for (const bool packed : {false, true}) {
        shell::client_options c;
        if (packed) c.create.compression = "xpress";
        world w({}, c);
        w.late_sends = packed ? 3 : 0; // what a TimedOut Send brought is taken, and its stream goes on behind it
        w.client.open();
        w.client.send_input(w.client.run({"cat", {}, {}, {}, {}}), sent, true);
        ASSERT_TRUE(w.run());
        EXPECT_TRUE(w.out == sent) << w.out.size();
        EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
        if (!packed) plain = w.octets;
        EXPECT_TRUE(!packed || w.octets < plain * 3 / 4);
    }
}

TEST(conversation, input_waits_for_a_command_that_reads_late)
{
    struct row
    {
        const char* late;
        milliseconds timeout;
        std::size_t bytes;
        std::size_t fewest, most; ///< Sends
    };
    for (const row& r : {row{"0", 60s, 3'000'000, 27, 28},               // nothing is asked twice
                         row{"25000", 60s, 3'000'000, 27, 28},           // one Send waits
                         row{"25000", 1s, 300'000, 3, 3},                // it all fits
                         row{"25000", 1s, 3'000'000, 33, 40},            // and is refused now and then
                         row{"86400000", 60s, 3'000'000, 1000, 1500}}) { // a day
        SCOPED_TRACE(std::string(r.late) + " ms, " + std::to_string(r.bytes) + " bytes, operation timeout " +
                     std::to_string(r.timeout.count()) + " ms");
        shell::client_options c;
        c.operation_timeout = r.timeout;
        world w({}, c);
        w.client.open();
        const auto n = w.client.run({"late", {r.late}, {}, {}, {}});
        std::string sent(r.bytes, 'i');
        for (std::size_t i = 0; i < sent.size(); i += 1000) sent[i] = static_cast<char>(i / 1000);
        w.client.send_input(n, sent, true);
        ASSERT_TRUE(w.run());
        EXPECT_TRUE(w.failures.empty());
        EXPECT_TRUE(w.out == sent) << w.out.size();
        EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
        EXPECT_GE(w.sends, r.fewest);
        EXPECT_LE(w.sends, r.most);
        EXPECT_EQ(w.table.objects(), 0U);
    }
}

/// Issue 8, item 16: what Windows under load answers with TimedOut it has taken.
TEST(conversation, s16_sends_that_time_out_bring_their_input_once)
{
    for (const std::size_t every : {1U, 2U, 7U}) {
        for (const char* late : {"0", "25000"}) {
            SCOPED_TRACE(std::to_string(every) + ", " + late + " ms");
            shell::client_options c;
            c.operation_timeout = 1s; // the command reads later than that: some are refused as busy as well
            world w({}, c);
            w.late_sends = every;
            w.client.open();
            const auto n = w.client.run({"late", {late}, {}, {}, {}});
            std::string sent(3'000'000, 'i');
            for (std::size_t i = 0; i < sent.size(); i += 1000) sent[i] = static_cast<char>(i / 1000);
            w.client.send_input(n, sent, true);
            ASSERT_TRUE(w.run());
            EXPECT_TRUE(w.failures.empty());
            EXPECT_TRUE(w.out == sent) << w.out.size();
            EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
        }
    }
}

TEST(conversation, input_that_nobody_will_read_ends_with_the_command)
{
    for (const bool terminate : {false, true}) {
        world w;
        w.client.open();
        const auto n = w.client.run({"late", {"86400000"}, {}, {}, {}});
        w.client.send_input(n, std::string(3'000'000, 'i'), true);
        w.run(100);
        w.client.signal(n, terminate ? signal_code::terminate : signal_code::ctrl_c);
        ASSERT_TRUE(w.run());
        EXPECT_EQ(w.exits.size() + w.failures.size(), 1U);
        EXPECT_TRUE(w.client.finished());
        EXPECT_EQ(w.table.objects(), 0U);
    }
}

TEST(conversation, big_output_is_held_back_by_its_reader)
{
    world w;
    w.client.open();
    w.client.run({"big", {"20000000"}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.out.size(), 20'000'000U);
    EXPECT_EQ(w.exits, std::vector<std::int32_t>{3});
    EXPECT_LT(w.receives, 200U);
}

TEST(conversation, silence_is_waited_for)
{
    world w;
    w.client.open();
    w.client.run({"silent", {"3600000"}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
    EXPECT_GE(w.receives, 60U);
}

TEST(conversation, ctrl_c_and_terminate)
{
    world w;
    w.client.open();
    const auto n = w.client.run({"wait", {}, {}, {}, {}});
    w.client.signal(n, signal_code::ctrl_c);
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.exits, std::vector<std::int32_t>{130});

    world t;
    t.client.open();
    const auto m = t.client.run({"wait", {}, {}, {}, {}});
    t.client.signal(m, signal_code::terminate);
    ASSERT_TRUE(t.run());
    ASSERT_EQ(t.failures.size(), 1U);
    EXPECT_EQ(t.failures.front().code(), errc::fault);
    EXPECT_TRUE(t.processes.empty());
    EXPECT_EQ(t.table.objects(), 0U);
}

TEST(conversation, two_commands_at_once)
{
    world w;
    w.commands_left = 2;
    w.client.open();
    w.client.run({"silent", {"100000"}, {}, {}, {}});
    w.client.run({"echo", {"quick"}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.out, "quick");
    EXPECT_EQ(w.exits.size(), 2U);
}

TEST(conversation, quotas_are_faults)
{
    shell::table_options t;
    t.max_shells_per_user = 0;
    world w(t);
    w.client.open();
    w.client.run({"echo", {"x"}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    ASSERT_EQ(w.shell_failures, 1U);
    ASSERT_NE(w.failures.front().fault(), nullptr);
    EXPECT_EQ(w.failures.front().fault()->code, 0x803381A5U);

    t.max_shells_per_user = 30;
    t.max_commands_per_shell = 1;
    world c(t);
    c.commands_left = 2;
    c.client.open();
    c.client.run({"wait", {}, {}, {}, {}});
    c.client.run({"wait", {}, {}, {}, {}});
    c.run(50);
    ASSERT_EQ(c.failures.size(), 1U);
    EXPECT_EQ(c.failures.front().fault()->code, 0x803381E9U);
    EXPECT_EQ(c.started, 1U);
}

TEST(conversation, an_idle_shell_ends_with_its_commands)
{
    world w;
    w.close_when_done = false;
    w.client.open();
    w.client.run({"echo", {"x"}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.table.shells(), 1U);
    w.idle(1h);
    EXPECT_EQ(w.table.shells(), 1U);
    w.idle(61min);
    EXPECT_EQ(w.table.objects(), 0U);
}

TEST(conversation, a_lifetime_ends_a_busy_shell)
{
    shell::client_options c;
    c.create.lifetime = 90s;
    world w({}, c);
    w.client.open();
    w.client.run({"wait", {}, {}, {}, {}});
    ASSERT_TRUE(w.run());
    EXPECT_FALSE(w.failures.empty());
    EXPECT_TRUE(w.processes.empty());
    EXPECT_EQ(w.table.objects(), 0U);
}

TEST(conversation, ten_thousand_commands_leave_memory_flat)
{
    world w;
    w.close_when_done = false;
    w.commands_left = 20'000;
    w.client.open();
    std::size_t after_first = 0;
    for (int i = 0; i < 10'000; ++i) {
        w.client.run({"echo", {"x"}, {}, {}, {}});
        ASSERT_TRUE(w.run());
        if (i == 0) after_first = w.table.objects();
    }
    EXPECT_EQ(w.exits.size(), 10'000U);
    EXPECT_EQ(w.exchanges, 30'001U); // a warm command takes three
    EXPECT_EQ(w.table.objects(), after_first);
}

} // namespace
} // namespace winrm::sim
