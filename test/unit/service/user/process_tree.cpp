// S17: nothing a command has started gets away, without any cgroup.
#include "host_fixture.h"

#include <csignal>
#include <cstdlib>

namespace winrm::service::user {
namespace {

using process_tree_test = host_fixture;

/// Forks twice, leaves the session, and says its number. The middle parent is gone, so it is an orphan.
constexpr const char* runaway = "(setsid sh -c 'echo $$; exec sleep 300' &) ; ";
/// The same with its environment wiped: no marker is left either.
constexpr const char* nameless = "(env -i /usr/bin/setsid /bin/sh -c 'echo $$; exec /bin/sleep 300' &) ; ";

pid_t number_in(const std::string& out) { return static_cast<pid_t>(std::atol(out.c_str())); }

TEST_F(process_tree_test, kill_finds_a_double_forked_process_in_a_session_of_its_own)
{
    const auto p = start(std::string{runaway} + "sleep 300");
    ASSERT_TRUE(until([&] { return news.all[p].out.ends_with("\n"); }));
    const pid_t stray = number_in(news.all[p].out);
    ASSERT_GT(stray, 1);
    ASSERT_FALSE(gone(stray));
    host.execute(shell::kill_process{p});
    ASSERT_TRUE(until([&] { return news.all[p].over(); }));
    EXPECT_TRUE(until([&] { return gone(stray); }));
}

TEST_F(process_tree_test, kill_finds_it_after_the_command_itself_has_ended)
{
    const auto p = start(std::string{runaway} + "exit 4");
    ASSERT_TRUE(until([&] { return news.all[p].status && news.all[p].out.ends_with("\n"); }));
    const pid_t stray = number_in(news.all[p].out);
    ASSERT_FALSE(gone(stray));
    host.execute(shell::kill_process{p});
    EXPECT_TRUE(until([&] { return gone(stray) && news.all[p].over(); }));
    EXPECT_EQ(news.all[p].status, 4);
}

TEST_F(process_tree_test, forget_leaves_nothing_behind)
{
    const auto p = start(std::string{runaway} + "exit 0");
    ASSERT_TRUE(until([&] { return news.all[p].status && news.all[p].out.ends_with("\n"); }));
    const pid_t stray = number_in(news.all[p].out);
    host.execute(shell::forget_process{p});
    EXPECT_TRUE(until([&] { return gone(stray); }));
}

TEST_F(process_tree_test, a_nameless_orphan_goes_with_the_last_command)
{
    const auto p = start(std::string{nameless} + "exit 0");
    ASSERT_TRUE(until([&] { return news.all[p].status && news.all[p].out.ends_with("\n"); }));
    const pid_t stray = number_in(news.all[p].out);
    ASSERT_FALSE(gone(stray));
    const auto other = start("sleep 300");
    host.execute(shell::forget_process{p});
    // It may belong to the other one, as far as anybody can tell: it is spared until that one goes too.
    EXPECT_EQ(run("sleep 0.1; echo on").out, "on\n");
    EXPECT_FALSE(gone(stray));
    host.execute(shell::forget_process{other});
    EXPECT_TRUE(until([&] { return gone(stray); }));
}

TEST_F(process_tree_test, killing_one_command_spares_the_others)
{
    const auto spared = start(std::string{runaway} + "sleep 300");
    const auto killed = start(std::string{runaway} + "sleep 300");
    ASSERT_TRUE(until([&] { return news.all[spared].out.ends_with("\n") && news.all[killed].out.ends_with("\n"); }));
    const pid_t kept = number_in(news.all[spared].out), lost = number_in(news.all[killed].out);
    host.execute(shell::kill_process{killed});
    ASSERT_TRUE(until([&] { return news.all[killed].over() && gone(lost); }));
    EXPECT_FALSE(gone(kept));
    EXPECT_FALSE(news.all[spared].status.has_value());
}

TEST_F(process_tree_test, a_process_that_keeps_forking_is_stopped)
{
    const auto p = start("f() { sleep 0.01; (f &) ; } ; for i in 1 2 3 4; do f & done; echo on; sleep 300");
    ASSERT_TRUE(until([&] { return news.all[p].out == "on\n"; }));
    host.execute(shell::kill_process{p});
    EXPECT_TRUE(until([&] { return news.all[p].over(); })); // its pipes end only when the last of them is gone
}

} // namespace
} // namespace winrm::service::user
