#include "service/user/command_group.h"

#include "host_fixture.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sys/stat.h>

namespace winrm::service::user {
namespace {

/// A writable cgroup2 folder made for this test; "" where there is none (containers, not root).
std::string make_cgroup()
{
    std::ifstream mounts{"/proc/self/mountinfo"};
    for (std::string line; std::getline(mounts, line);) {
        if (line.find(" - cgroup2 ") == std::string::npos) continue;
        std::size_t at = 0;
        for (int field = 0; field < 4; ++field) at = line.find(' ', at) + 1;
        const std::string path = line.substr(at, line.find(' ', at) - at) + "/winrm-unit-" + std::to_string(::getpid());
        if (::mkdir(path.c_str(), 0755) == 0) return path;
    }
    return {};
}

struct cgroup_test : testing::Test
{
    std::string root = make_cgroup();
    ~cgroup_test() override
    {
        if (!root.empty()) ::rmdir(root.c_str());
    }
    static bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }
};

TEST_F(cgroup_test, unusable_root_means_none)
{
    command_groups none{"", {}};
    EXPECT_FALSE(none.available());
    EXPECT_FALSE(none.make("A", "B"));
    command_groups wrong{"/no/such/folder", {}};
    EXPECT_FALSE(wrong.available());
}

TEST_F(cgroup_test, names_from_the_wire_cannot_leave_the_folder)
{
    if (root.empty()) GTEST_SKIP() << "no writable cgroup2 here";
    command_groups groups{root, {}};
    ASSERT_TRUE(groups.available());
    EXPECT_FALSE(groups.make("..", "B"));
    EXPECT_FALSE(groups.make("A", "../../B"));
    EXPECT_FALSE(groups.make("A", ""));
    EXPECT_FALSE(groups.make(std::string(65, 'A'), "B"));
}

TEST_F(cgroup_test, folders_come_and_go)
{
    if (root.empty()) GTEST_SKIP() << "no writable cgroup2 here";
    command_groups groups{root, {}};
    auto one = groups.make("S", "1"), two = groups.make("S", "2");
    ASSERT_TRUE(one);
    ASSERT_TRUE(two);
    EXPECT_TRUE(exists(root + "/shell-S/command-1"));
    groups.release(std::move(one));
    EXPECT_FALSE(exists(root + "/shell-S/command-1"));
    EXPECT_TRUE(exists(root + "/shell-S"));
    groups.release(std::move(two));
    EXPECT_FALSE(exists(root + "/shell-S"));
}

TEST_F(cgroup_test, commands_are_born_in_their_group_and_nothing_leaves_it)
{
    if (root.empty()) GTEST_SKIP() << "no writable cgroup2 here";
    io::loop loop;
    recorder news;
    host_options o;
    o.who = {"ada", "/tmp", "/bin/sh", "C.UTF-8", false};
    o.cgroup = root;
    {
        process_host host{loop, o, news};
        bool late = false;
        io::timer watchdog{loop};
        watchdog.set_after(base::milliseconds{30'000}, [&] { late = true; });
        shell::start_process order;
        order.process = shell::process_ref{1};
        order.command_line = "(env -i /usr/bin/setsid /bin/sh -c 'echo $$; exec /bin/sleep 300' &) ; sleep 300";
        order.working_directory = "/";
        order.login_profile = false;
        order.shell_id = "S";
        order.command_id = "C";
        host.execute(order);
        order.process = shell::process_ref{2};
        order.command_line = "sleep 300";
        order.command_id = "D";
        host.execute(order);
        told& t = news.all[shell::process_ref{1}];
        while (!late && !t.out.ends_with("\n")) loop.run_one();
        const auto stray = static_cast<pid_t>(std::atol(t.out.c_str()));
        ASSERT_GT(stray, 1);
        // Another command lives, the stray has neither marker nor session: only the cgroup can tell whose it is.
        host.execute(shell::kill_process{shell::process_ref{1}});
        while (!late && !(t.over() && ::kill(stray, 0) != 0)) loop.run_one();
        EXPECT_FALSE(late);
        EXPECT_EQ(t.status, 137);
        EXPECT_FALSE(news.all[shell::process_ref{2}].status.has_value());
        host.execute(shell::forget_process{shell::process_ref{1}});
        while (!late && exists(root + "/shell-S/command-C")) loop.run_one();
        EXPECT_TRUE(exists(root + "/shell-S/command-D"));
    }
    EXPECT_FALSE(exists(root + "/shell-S"));
}

} // namespace
} // namespace winrm::service::user
