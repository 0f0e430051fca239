#include "service/user/process_host.h"

#include "host_fixture.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace winrm::service::user {
namespace {

using process_host_test = host_fixture;
using shell::start_failure;

TEST_F(process_host_test, brings_output_of_both_streams_and_the_status)
{
    const told& t = run("echo out; echo err >&2; exit 3");
    EXPECT_EQ(t.out, "out\n");
    EXPECT_EQ(t.err, "err\n");
    EXPECT_EQ(t.status, 3);
    EXPECT_NE(t.pid, 0U);
}

TEST_F(process_host_test, death_by_signal_is_128_plus_its_number)
{
    EXPECT_EQ(run("kill -9 $$").status, 137);
    EXPECT_EQ(run("kill -TERM $$").status, 143);
}

TEST_F(process_host_test, start_failures_have_names)
{
    const auto direct = [](std::vector<std::string> argv) {
        return [argv = std::move(argv)](shell::start_process& o) {
            o.use_shell = false;
            o.argv = argv;
        };
    };
    EXPECT_EQ(run("", direct({"no-such-program-anywhere"})).failure, start_failure::not_found);
    EXPECT_EQ(run("", direct({"/no/such/program"})).failure, start_failure::not_found);
    EXPECT_EQ(run("", direct({})).failure, start_failure::not_found);
    EXPECT_EQ(run("", direct({"/etc/passwd"})).failure, start_failure::no_permission);
    EXPECT_EQ(run("", direct({"/etc"})).failure, start_failure::no_permission);
    EXPECT_EQ(run("true", [](auto& o) { o.working_directory = "/no/such/folder"; }).failure,
              start_failure::bad_directory);
    EXPECT_EQ(run("true", [](auto& o) { o.working_directory = "/etc/passwd"; }).failure, start_failure::bad_directory);
    EXPECT_EQ(host.size(), 0U);
}

TEST_F(process_host_test, direct_start_takes_arguments_as_they_are)
{
    const told& t = run("", [](shell::start_process& o) {
        o.use_shell = false;
        o.argv = {"printf", "%s|", "a b", "$HOME", ""};
    });
    EXPECT_EQ(t.out, "a b|$HOME||");
}

TEST_F(process_host_test, input_reaches_the_child_and_ends)
{
    const auto p = start("tr a-z A-Z");
    host.execute(shell::write_input{p, "hello ", false});
    host.execute(shell::write_input{p, "world", true});
    ASSERT_TRUE(until([&] { return news.all[p].over(); }));
    EXPECT_EQ(news.all[p].out, "HELLO WORLD");
    EXPECT_EQ(news.all[p].inputs_taken, 2);
}

TEST_F(process_host_test, input_larger_than_a_pipe_is_taken_as_the_child_reads)
{
    char gate[] = "/tmp/winrm-unit-XXXXXX";
    ASSERT_NE(::mkdtemp(gate), nullptr);
    const std::string fifo = std::string{gate} + "/fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    const auto p = start("read go < " + fifo + "; wc -c");
    host.execute(shell::write_input{p, std::string(3'000'000, 'x'), true});
    EXPECT_EQ(news.all[p].inputs_taken, 0);
    {
        std::ofstream open_gate{fifo};
        open_gate << "go\n";
    }
    ASSERT_TRUE(until([&] { return news.all[p].over(); }));
    EXPECT_EQ(news.all[p].out, "3000000\n");
    EXPECT_EQ(news.all[p].inputs_taken, 1);
    std::filesystem::remove_all(gate);
}

TEST_F(process_host_test, input_nobody_reads_is_discarded_with_success)
{
    const auto p = start("exec <&-; echo closed; sleep 100");
    ASSERT_TRUE(until([&] { return news.all[p].out == "closed\n"; }));
    host.execute(shell::write_input{p, std::string(300'000, 'x'), false});
    EXPECT_TRUE(until([&] { return news.all[p].inputs_taken == 1; }));
    host.execute(shell::kill_process{p});
    EXPECT_TRUE(until([&] { return news.all[p].over(); }));
    host.execute(shell::write_input{p, "late", true});
    EXPECT_EQ(news.all[p].inputs_taken, 2);
}

TEST_F(process_host_test, waiting_input_is_given_up_when_the_child_ends)
{
    const auto p = start("read line; exit 0");
    host.execute(shell::write_input{p, "line\n" + std::string(300'000, 'x'), false});
    EXPECT_TRUE(until([&] { return news.all[p].over() && news.all[p].inputs_taken == 1; }));
}

TEST_F(process_host_test, without_input_stdin_is_empty)
{
    EXPECT_EQ(run("cat; echo end", [](auto& o) { o.input = false; }).out, "end\n");
}

// S24
TEST_F(process_host_test, child_inherits_nothing)
{
    ::setenv("PLANTED_SECRET", "leak", 1);
    const int leak = ::open("/etc/passwd", O_RDONLY); // without close-on-exec
    ::signal(SIGINT, SIG_IGN);
    const told& env = run("env");
    EXPECT_EQ(env.out.find("PLANTED_SECRET"), std::string::npos);
    EXPECT_NE(env.out.find("HOME=/tmp\n"), std::string::npos);
    EXPECT_NE(env.out.find("USER=ada\n"), std::string::npos);
    const mode_t mask = ::umask(027);                                               // as a PAM module may have set it
    EXPECT_EQ(run("ls /proc/self/fd | tr '\\n' ' '; umask").out, "0 1 2 3 0027\n"); // 3 is ls reading the folder
    ::umask(mask);
    const told& signals = run("", [](shell::start_process& o) {
        o.use_shell = false;
        o.argv = {"grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"};
    });
    EXPECT_EQ(signals.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    ::signal(SIGINT, SIG_DFL);
    ::close(leak);
    ::unsetenv("PLANTED_SECRET");
}

TEST_F(process_host_test, ctrl_c_reaches_the_whole_group)
{
    const auto p = start("trap 'echo caught; exit 7' INT; echo ready; sleep 100 & wait");
    ASSERT_TRUE(until([&] { return news.all[p].out == "ready\n"; }));
    host.execute(shell::signal_process{p, SIGINT});
    ASSERT_TRUE(until([&] { return news.all[p].status.has_value(); }));
    EXPECT_EQ(news.all[p].status, 7);
    EXPECT_EQ(news.all[p].out, "ready\ncaught\n");
}

// S17, the simple kind; process_tree.cpp has the ones that try to get away
TEST_F(process_host_test, kill_ends_the_command_and_its_pipes)
{
    const auto p = start("sleep 100 & sleep 100 & echo ready; wait");
    ASSERT_TRUE(until([&] { return news.all[p].out == "ready\n"; }));
    host.execute(shell::kill_process{p});
    ASSERT_TRUE(until([&] { return news.all[p].over(); }));
    EXPECT_EQ(news.all[p].status, 137);
}

TEST_F(process_host_test, flood_waits_while_output_is_not_wanted)
{
    std::size_t got = 0;
    news.on_output = [&](shell::process_ref p, base::bytes_view data) {
        got += data.size();
        if (got >= 1'000'000 && got - data.size() < 1'000'000) host.execute(shell::read_output{p, false});
    };
    const auto p = start("head -c 20000000 /dev/zero; echo end >&2");
    ASSERT_TRUE(until([&] { return got >= 1'000'000; }));
    const std::size_t at_stop = got;
    // Other work goes on meanwhile, and the flood does not get further than its pipe.
    EXPECT_EQ(run("echo other").out, "other\n");
    EXPECT_EQ(got, at_stop + 6);
    EXPECT_FALSE(news.all[p].status.has_value());
    host.execute(shell::read_output{p, true});
    ASSERT_TRUE(until([&] { return news.all[p].over(); }));
    EXPECT_EQ(news.all[p].out.size(), 20'000'000U);
    EXPECT_EQ(news.all[p].err, "end\n");
}

TEST_F(process_host_test, forgotten_in_the_middle_of_its_output_says_nothing_more)
{
    const auto p = start("yes");
    news.on_output = [&](shell::process_ref ref, base::bytes_view) { host.execute(shell::forget_process{ref}); };
    ASSERT_TRUE(until([&] { return !news.all[p].out.empty(); }));
    const std::size_t size = news.all[p].out.size();
    news.on_output = {};
    EXPECT_EQ(run("echo next").out, "next\n");
    EXPECT_EQ(news.all[p].out.size(), size);
    EXPECT_FALSE(news.all[p].status.has_value());
    const auto pid = static_cast<pid_t>(news.all[p].pid);
    EXPECT_TRUE(until([&] { return gone(pid); }));
}

TEST_F(process_host_test, many_commands_leave_no_descriptor_and_no_process)
{
    run("true");
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 200; ++i) ASSERT_EQ(run("exit 5").status, 5);
    std::vector<shell::process_ref> many;
    for (int i = 0; i < 100; ++i) many.push_back(start("read x; echo $x"));
    for (const auto p : many) host.execute(shell::write_input{p, "y\n", true});
    for (const auto p : many) {
        ASSERT_TRUE(until([&] { return news.all[p].over(); }));
        EXPECT_EQ(news.all[p].out, "y\n");
        host.execute(shell::forget_process{p});
    }
    EXPECT_EQ(host.size(), 0U);
    EXPECT_EQ(open_descriptors(), before);
    siginfo_t info{};
    EXPECT_TRUE(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD);
}

TEST_F(process_host_test, a_restricting_shell_is_not_gone_round)
{
    host_options o = plain_options();
    o.who.full_shell = false;
    process_host other{loop, o, news};
    shell::start_process order;
    order.process = shell::process_ref{1000};
    order.use_shell = false;
    order.argv = {"true"};
    order.working_directory = "/";
    other.execute(shell::start_process{order});
    EXPECT_EQ(news.all[order.process].failure, start_failure::no_permission);
    EXPECT_EQ(other.size(), 0U);
}

TEST_F(process_host_test, raises_its_limit_of_open_files_but_not_that_of_commands)
{
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit low{200, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    {
        process_host other{loop, plain_options(), news};
        rlimit now{};
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
        EXPECT_EQ(now.rlim_cur, before.rlim_max);
        shell::start_process order;
        order.process = shell::process_ref{1000};
        order.command_line = "ulimit -Sn; ulimit -Hn";
        order.working_directory = "/";
        other.execute(std::move(order));
        EXPECT_TRUE(until([&] { return news.all[shell::process_ref{1000}].over(); }));
        EXPECT_EQ(news.all[shell::process_ref{1000}].out, "200\n" + std::to_string(before.rlim_max) + '\n');
    }
    rlimit after{};
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
    EXPECT_EQ(after.rlim_cur, 200U);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

/// In a child of this test, because a lowered hard limit stays.  @return "" or what was wrong.
const char* fill_up()
{
    constexpr rlim_t all = 100;
    const rlimit low{all, all};
    if (::setrlimit(RLIMIT_NOFILE, &low) != 0) return "no limit";
    io::loop loop;
    recorder news;
    host_options options;
    options.who = {"ada", "/tmp", "/bin/sh", "C.UTF-8", false, true};
    process_host host{loop, options, news};
    const auto start = [&](std::uint64_t number) -> told& {
        shell::start_process order;
        order.process = shell::process_ref{number};
        order.command_line = "exec sleep 100";
        order.working_directory = "/";
        host.execute(std::move(order));
        return news.all[shell::process_ref{number}];
    };
    std::uint64_t number = 1;
    while (number < 100 && start(number).pid != 0) ++number;
    if (number < 10 || number == 100) return "commands do not fill the limit";
    if (news.all[shell::process_ref{number}].failure != start_failure::no_resources) return "another failure";
    std::vector<io::unique_fd> spares;
    for (rlim_t i = 0; i < all / 4; ++i) spares.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!spares.back()) return "fewer descriptors are left than promised";
    if (start(++number).failure != start_failure::no_resources) return "a command got a spare one";
    host.execute(shell::forget_process{shell::process_ref{1}});
    host.execute(shell::forget_process{shell::process_ref{2}});
    if (start(++number).pid == 0) return "ended commands gave nothing back";
    return "";
}

TEST_F(process_host_test, commands_leave_descriptors_for_everything_else)
{
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string wrong = fill_up();
        ::_exit(::write(ends[1], wrong.data(), wrong.size()) == static_cast<ssize_t>(wrong.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    char said[200] = "";
    EXPECT_GE(::read(ends[0], said, sizeof said - 1), 0);
    ::close(ends[0]);
    EXPECT_STREQ(said, "");
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(process_host_test, everything_dies_with_the_host)
{
    std::vector<pid_t> pids;
    {
        process_host other{loop, plain_options(), news};
        shell::start_process order;
        order.process = shell::process_ref{1000};
        order.command_line = "sleep 100";
        order.working_directory = "/";
        other.execute(std::move(order));
        pids.push_back(static_cast<pid_t>(news.all[shell::process_ref{1000}].pid));
        ASSERT_FALSE(gone(pids.front()));
    }
    EXPECT_TRUE(gone(pids.front()));
}

struct limited_host_test : host_fixture
{
    static host_options limited()
    {
        host_options o = plain_options();
        o.max_memory_per_shell = 64 * 1024 * 1024;
        return o;
    }
    limited_host_test() : host_fixture(limited()) {}
};

TEST_F(limited_host_test, memory_is_bounded_without_a_cgroup_too)
{
    EXPECT_EQ(run("ulimit -d").out, "65536\n");
    EXPECT_NE(run("dd if=/dev/zero of=/dev/null bs=200M count=1").status, 0);
}

} // namespace
} // namespace winrm::service::user
