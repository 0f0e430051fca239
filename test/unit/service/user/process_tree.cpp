// S17: nothing a command has started gets away, without any cgroup.
#include "service/user/process_tree.h"

#include "host_fixture.h"
#include "io/small_file.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iterator>
#include <sstream>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>

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
    EXPECT_TRUE(until([&] { return !host.killing(); }));
    EXPECT_FALSE(gone(stray));
    host.execute(shell::forget_process{other});
    EXPECT_TRUE(until([&] { return gone(stray); }));
}

/// An orphan that has wiped its environment, above one that has not and is in a session of its own, above one that has
/// wiped its too. It prints an empty line and the numbers of the lower two.
constexpr const char* hidden =
    R"sh((setsid sh -c 'setsid sh -c "echo; echo \$\$; env -i /usr/bin/setsid /bin/sh -c \"echo \\\$\\\$;
    exec /bin/sleep 300\" & exec sleep 300" & exec env -i /bin/sleep 300' &) ; )sh";

TEST_F(process_tree_test, i11_the_mark_of_every_process_is_asked)
{
    const auto p = start(std::string{hidden} + "exit 0");
    const auto numbers = [&] {
        std::istringstream words{news.all[p].out};
        return std::vector<pid_t>{std::istream_iterator<pid_t>{words}, {}};
    };
    ASSERT_TRUE(until([&] { return news.all[p].status && numbers().size() == 2; }));
    const pid_t marked = numbers()[0], nameless_one = numbers()[1];
    const auto ended = [](pid_t pid) { // its parent, which nobody has ended, does not reap it
        return gone(pid) ||
               io::read_small_file("/proc/" + std::to_string(pid) + "/stat").find(") Z ") != std::string::npos;
    };
    ASSERT_FALSE(ended(marked) || ended(nameless_one));
    const auto other = start(std::string{hidden} + "sleep 300");
    ASSERT_TRUE(until([&] { return std::count(news.all[other].out.begin(), news.all[other].out.end(), '\n') == 3; }));
    host.execute(shell::forget_process{p});
    EXPECT_TRUE(until([&] { return ended(marked) && ended(nameless_one); }));
    EXPECT_TRUE(until([&] { return !host.killing(); }));
    const auto kept = news.all[other].out;
    EXPECT_FALSE(ended(number_in(kept.substr(1)))) << "that of the other command stays";
    EXPECT_FALSE(news.all[other].status.has_value());
}

TEST_F(process_tree_test, killing_one_command_spares_the_others)
{
    const auto spared = start(std::string{runaway} + "sleep 300");
    const auto killed = start(std::string{runaway} + "sleep 300");
    ASSERT_TRUE(until([&] { return news.all[spared].out.ends_with("\n") && news.all[killed].out.ends_with("\n"); }));
    const pid_t kept = number_in(news.all[spared].out), lost = number_in(news.all[killed].out);
    host.execute(shell::kill_process{killed});
    ASSERT_TRUE(until([&] { return news.all[killed].over() && gone(lost); }));
    EXPECT_TRUE(until([&] { return !host.killing(); }));
    EXPECT_FALSE(gone(kept));
    EXPECT_FALSE(news.all[spared].status.has_value());
}

TEST_F(process_tree_test, an_orphan_that_names_a_command_nobody_knows_is_nobodys_too)
{
    const auto p = start("(WINRM_PROCESS_MARK=x setsid sh -c 'echo $$; exec sleep 300' &) ; exit 0");
    ASSERT_TRUE(until([&] { return news.all[p].status && news.all[p].out.ends_with("\n"); }));
    const pid_t stray = number_in(news.all[p].out);
    ASSERT_FALSE(gone(stray));
    host.execute(shell::forget_process{p});
    EXPECT_TRUE(until([&] { return gone(stray); }));
    EXPECT_TRUE(until([&] { return !host.killing(); }));
}

TEST_F(process_tree_test, a_command_of_the_same_name_in_another_shell_is_another)
{
    const auto in_shell = [&](const char* shell) {
        return start(std::string{runaway} + "sleep 300", [shell](shell::start_process& o) {
            o.shell_id = shell;
            o.command_id = "C0DE0000-0000-4000-8000-000000000001";
        });
    };
    const auto killed = in_shell("5E110000-0000-4000-8000-000000000001");
    const auto spared = in_shell("5E110000-0000-4000-8000-000000000002");
    ASSERT_TRUE(until([&] { return news.all[spared].out.ends_with("\n") && news.all[killed].out.ends_with("\n"); }));
    host.execute(shell::kill_process{killed});
    EXPECT_TRUE(until([&] { return gone(number_in(news.all[killed].out)) && !host.killing(); }));
    EXPECT_FALSE(gone(number_in(news.all[spared].out)));
}

TEST_F(process_tree_test, a_command_that_is_given_the_name_of_one_that_ended_is_another)
{
    const auto named = [](shell::start_process& o) { o.command_id = "C0DE0000-0000-4000-8000-000000000001"; };
    const auto first = start(std::string{runaway} + "exit 0", named);
    ASSERT_TRUE(until([&] { return news.all[first].status && news.all[first].out.ends_with("\n"); }));
    host.execute(shell::forget_process{first});
    const auto second = start(std::string{runaway} + "sleep 300", named);
    ASSERT_TRUE(until([&] { return news.all[second].out.ends_with("\n"); }));
    EXPECT_TRUE(until([&] { return gone(number_in(news.all[first].out)) && !host.killing(); }));
    EXPECT_FALSE(gone(number_in(news.all[second].out)));
}

TEST_F(process_tree_test, without_descriptors_the_command_ends_and_the_rest_when_there_are_some)
{
    const auto p = start(std::string{runaway} + "sleep 300");
    ASSERT_TRUE(until([&] { return news.all[p].out.ends_with("\n"); }));
    const pid_t stray = number_in(news.all[p].out);
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    const rlimit none{3, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    host.execute(shell::kill_process{p});
    EXPECT_TRUE(until([&] { return news.all[p].status.has_value(); }));
    EXPECT_FALSE(gone(stray));
    EXPECT_TRUE(host.killing());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    EXPECT_TRUE(until([&] { return gone(stray) && news.all[p].over(); }));
}

/// Each of them starts the next one and ends: on and on, in a session of its own each time.
constexpr const char* endless = "export NEXT='sleep 0.01; setsid sh -c \"$NEXT\" & exit'; "
                                "for i in 1 2 3 4; do setsid sh -c \"$NEXT\" & done; echo on; ";

TEST_F(process_tree_test, what_keeps_forking_is_stopped)
{
    for (const char* end : {"sleep 300", "exit 0"}) {
        const auto p = start(std::string{endless} + end);
        ASSERT_TRUE(until([&] { return news.all[p].out == "on\n"; }));
        host.execute(shell::kill_process{p});
        // Its pipes end only when the last of them is gone.
        EXPECT_TRUE(until([&] { return news.all[p].over(); })) << end;
    }
}

class family_test : public testing::TestWithParam<family_from>
{};

TEST_P(family_test, all_descendants_are_found_and_killed)
{
    become_subreaper();
    int pipe_ends[2];
    ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
    if (::fork() == 0) {
        ::dup2(pipe_ends[1], STDOUT_FILENO);
        ::execl("/bin/sh", "sh", "-c",
                "(setsid sh -c 'echo on; exec sleep 300' &); sh -c 'echo on; sleep 300; :' & echo on; wait", nullptr);
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    char text[16];
    for (std::size_t got = 0; got < 9;) { // until all three have begun
        const ssize_t n = ::read(pipe_ends[0], text, sizeof text);
        ASSERT_GT(n, 0);
        got += static_cast<std::size_t>(n);
    }
    EXPECT_GE(kill_all_descendants(GetParam()), 3U);
    EXPECT_EQ(::read(pipe_ends[0], text, sizeof text), 0); // nobody holds the other end
    ::close(pipe_ends[0]);
    while (::waitpid(-1, nullptr, 0) > 0) {}
    EXPECT_EQ(kill_all_descendants(GetParam()), 0U);
}

TEST_P(family_test, what_takes_no_signal_of_ours_is_not_found_for_ever)
{
    become_subreaper();
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can make a process of another user";
    const pid_t ours = ::fork();
    if (ours == 0) {
        int wait[2];
        if (::pipe2(wait, O_CLOEXEC) != 0) ::_exit(1);
        const pid_t roots = ::fork();
        char byte = 0;
        if (roots == 0) { // ends with its parent
            ::close(wait[1]);
            ::_exit(::read(wait[0], &byte, 1) == 0 ? 0 : 1);
        }
        if (::setuid(65534) != 0) ::_exit(2);
        std::vector<kill_target> targets{{roots, false, "its", false}};
        const kill_scan outcome = kill_commands(targets, {roots}, {}, GetParam());
        ::_exit(!outcome.complete ? 3 : targets[0].found || outcome.strays ? 4 : ::kill(roots, 0) == 0 ? 5 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(ours, &status, 0), ours);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    while (::waitpid(-1, nullptr, 0) > 0) {} // root's, which is ours now
}

TEST_P(family_test, one_whose_first_thread_has_ended_is_alive)
{
    int pipe_ends[2];
    ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        std::thread second{[&] {
            while (::write(pipe_ends[1], "x", 1) == 1) {}
        }};
        ::syscall(SYS_exit, 0); // this thread only
    }
    ::close(pipe_ends[1]);
    const std::string stat = "/proc/" + std::to_string(child) + "/stat";
    char text[4096];
    while (io::read_small_file(stat).find(") Z ") == std::string::npos) ASSERT_GT(::read(pipe_ends[0], text, 1), 0);
    EXPECT_EQ(kill_all_descendants(GetParam()), 1U);
    while (::read(pipe_ends[0], text, sizeof text) > 0) {}
    ::close(pipe_ends[0]);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

INSTANTIATE_TEST_SUITE_P(sources, family_test, testing::Values(family_from::kernel, family_from::all_processes));

} // namespace
} // namespace winrm::service::user
