// Every conversation again, with the connection lost at each exchange in turn, before and after delivery.
#include "sim/world.h"

#include <gtest/gtest.h>

#include <functional>

namespace winrm::sim {
namespace {

/// What the application does, to be said again for every loss.
using script = std::function<void(world&)>;

script one(const std::string& line)
{
    return [line](world& w) {
        w.client.open();
        w.client.run({line, {}, {}, {}, {}});
    };
}

script with_input(std::size_t bytes)
{
    return [bytes](world& w) {
        w.client.open();
        w.client.send_input(w.client.run({"cat", {}, {}, {}, {}}), std::string(bytes, 'i'), true);
    };
}

script late_input(std::size_t bytes)
{
    return [bytes](world& w) {
        w.client.open();
        w.client.send_input(w.client.run({"late 100000", {}, {}, {}, {}}), std::string(bytes, 'i'), true);
    };
}

script signalled(shell::signal_code code)
{
    return [code](world& w) {
        w.client.open();
        w.client.signal(w.client.run({"wait", {}, {}, {}, {}}), code);
    };
}

void two_commands(world& w)
{
    w.commands_left = 2;
    w.client.open();
    w.client.run({"silent 100000", {}, {}, {}, {}});
    w.client.run({"echo quick", {}, {}, {}, {}});
}

void closed_early(world& w)
{
    w.client.open();
    w.client.run({"wait", {}, {}, {}, {}});
    w.run(3);
    w.client.close();
}

/// What a lost connection may end in: the loss itself, the host's own word, or the user's.
bool is_named(const winrm::error& e)
{
    switch (e.code()) {
    case errc::connection_lost:
    case errc::cancelled: return true;
    case errc::fault: return e.fault() != nullptr && wsman::find_fault(e.fault()->code) != nullptr;
    default: return false;
    }
}

/// `may_go_on`: with its signal lost the command runs on, until the user does something else.
void lose_everywhere(const char* name, const script& start, bool may_go_on = false, const shell::client_options& c = {})
{
    world whole({}, c);
    start(whole);
    ASSERT_TRUE(whole.run());
    ASSERT_TRUE(whole.client.finished());
    ASSERT_GE(whole.exchanges, 3U);
    const std::size_t commands = whole.exits.size() + whole.failures.size();
    for (std::size_t at = 0; at < whole.exchanges; ++at) {
        for (const loss how : {loss::before_delivery, loss::after_delivery}) {
            SCOPED_TRACE(std::string(name) + " exchange " + std::to_string(at) +
                         (how == loss::before_delivery ? " before" : " after"));
            world w({}, c);
            w.lose(at, how);
            start(w);
            if (!w.run(2'000)) {
                ASSERT_TRUE(may_go_on) << "a hang";
                w.client.close();
                ASSERT_TRUE(w.run(2'000)) << "a hang";
            }
            EXPECT_TRUE(w.client.finished());
            EXPECT_EQ(w.closed, 1U);
            EXPECT_EQ(w.exits.size() + w.failures.size() - w.shell_failures, commands) << "every command has one end";
            for (const winrm::error& e : w.failures) EXPECT_TRUE(is_named(e)) << e;
            // Only an answer that was on its way can be lost with what it held.
            EXPECT_LE(w.out.size(), whole.out.size());
            EXPECT_TRUE(how == loss::after_delivery || whole.out.starts_with(w.out));
            w.idle(3h);
            EXPECT_EQ(w.table.objects(), 0U);
            EXPECT_TRUE(w.processes.empty());
        }
    }
}

/// A Receive whose answer was lost is asked again: nothing but the output in that answer is missing.
TEST(failures, the_end_survives_a_lost_answer)
{
    world w;
    w.lose(2, loss::after_delivery); // Create, Command, Receive
    one("echo hello")(w);
    ASSERT_TRUE(w.run());
    EXPECT_EQ(w.exits, std::vector<std::int32_t>{0});
    EXPECT_TRUE(w.failures.empty());
}

TEST(failures, echo) { lose_everywhere("echo", one("echo hello")); }
TEST(failures, input) { lose_everywhere("input", with_input(300'000)); }
TEST(failures, late_input) { lose_everywhere("late", late_input(1'500'000)); }
TEST(failures, big_output) { lose_everywhere("big", one("big 3000000")); }
TEST(failures, silence) { lose_everywhere("silence", one("silent 200000")); }
TEST(failures, ctrl_c) { lose_everywhere("ctrl_c", signalled(shell::signal_code::ctrl_c), true); }
TEST(failures, terminate) { lose_everywhere("terminate", signalled(shell::signal_code::terminate)); }
TEST(failures, two_commands) { lose_everywhere("two", two_commands); }

shell::client_options compressed()
{
    shell::client_options c;
    c.create.compression = "xpress";
    return c;
}
TEST(failures, compressed_input) { lose_everywhere("compressed input", with_input(300'000), false, compressed()); }
TEST(failures, compressed_output) { lose_everywhere("compressed output", one("big 800000"), false, compressed()); }

TEST(failures, closed_early) { lose_everywhere("closed", closed_early); }

} // namespace
} // namespace winrm::sim
