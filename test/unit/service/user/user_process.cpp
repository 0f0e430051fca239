// run_user as a process of its own: how it begins and ends.
#include "service/user/user.h"

#include "io/message_socket.h"
#include "service/wire/frames.h"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <optional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::user {
namespace {

class user_process_test : public testing::Test
{
protected:
    explicit user_process_test(rlim_t open_files = 0)
    {
        auto [mine, theirs] = io::make_socket_pair();
        child = ::fork();
        if (child == 0) {
            mine.reset();
            const rlimit low{open_files, open_files};
            if (open_files != 0 && ::setrlimit(RLIMIT_NOFILE, &low) != 0) ::_exit(99);
            ::_exit(run_user(theirs.release()));
        }
        theirs.reset();
        control.emplace(loop, std::move(mine), wire::max_control_frame, 0);
        control->start(
            [this](io::message_socket::message m) {
                if (auto f = wire::decode(std::move(m.payload)))
                    if (const auto* s = std::get_if<wire::user_status>(&*f)) statuses.push_back(*s);
            },
            [] {});
    }
    ~user_process_test() override
    {
        if (child <= 0) return;
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    }
    void send(wire::frame f, std::vector<io::unique_fd> fds = {})
    {
        control->send(wire::encode(f), std::move(fds));
        while (control->pending() != 0) loop.run_one();
    }
    void begin()
    {
        wire::user_setup s;
        s.user = "ada";
        s.home = "/tmp";
        s.shell = "/bin/sh";
        s.log_level = 3;
        send(std::move(s));
    }
    /// @return false if the process ended first.
    bool until(const std::function<bool()>& holds)
    {
        while (!holds())
            if (!loop.run_one()) return false;
        return true;
    }
    int exit_status()
    {
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        child = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    io::loop loop;
    std::optional<io::message_socket> control;
    std::vector<wire::user_status> statuses;
    pid_t child = -1;
};

TEST_F(user_process_test, tells_its_connections_and_stops_when_told)
{
    begin();
    auto [front, user] = io::make_socket_pair();
    std::vector<io::unique_fd> fds;
    fds.push_back(std::move(user));
    send(wire::user_connection{"192.0.2.7"}, std::move(fds));
    ASSERT_TRUE(until([&] { return statuses.size() >= 2; }));
    EXPECT_EQ(statuses[0].taken, 0U); // that it has begun; both may come in one go
    EXPECT_EQ(statuses[1].connections, 1U);
    EXPECT_EQ(statuses[1].taken, 1U);
    front.reset();
    ASSERT_TRUE(until([&] { return statuses.size() >= 3; }));
    EXPECT_EQ(statuses[2].connections, 0U);
    EXPECT_EQ(statuses[2].taken, 1U);
    send(wire::stop{});
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(user_process_test, ends_with_the_monitor)
{
    begin();
    control.reset();
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(user_process_test, refuses_to_run_without_a_setup)
{
    send(wire::user_connection{"192.0.2.7"});
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(user_process_test, takes_over_settings_while_it_runs_and_not_before)
{
    begin();
    send(wire::user_settings{0});
    send(wire::stop{});
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(user_process_test, settings_without_a_setup_end_it)
{
    send(wire::user_settings{0});
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(user_process_test, a_connection_without_its_descriptor_ends_it)
{
    begin();
    send(wire::user_connection{"192.0.2.7"});
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(user_process_test, shows_its_descriptors_to_root_only)
{
    begin();
    auto [front, user] = io::make_socket_pair();
    std::vector<io::unique_fd> fds;
    fds.push_back(std::move(user));
    send(wire::user_connection{"192.0.2.7"}, std::move(fds));
    while (statuses.empty()) loop.run_one();
    struct stat is
    {};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(child) + "/environ").c_str(), &is), 0);
    EXPECT_EQ(is.st_uid, 0U); // as the kernel shows processes that may not be looked into
    if (::geteuid() != 0) {
        EXPECT_NE(::access(("/proc/" + std::to_string(child) + "/fd/2").c_str(), F_OK), 0);
    }
    send(wire::stop{});
    EXPECT_EQ(exit_status(), 0);
}

TEST_F(user_process_test, s9_a_frame_without_a_row_ends_it)
{
    begin();
    send(wire::drain{});
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(user_process_test, s9_a_second_setup_ends_it)
{
    begin();
    begin();
    EXPECT_EQ(exit_status(), 1);
}

TEST_F(user_process_test, s9_frames_that_follow_a_stop_are_no_error)
{
    begin();
    auto [front, user] = io::make_socket_pair();
    std::vector<io::unique_fd> fds;
    fds.push_back(std::move(user));
    ASSERT_TRUE(until([&] { return !statuses.empty(); })); // signals are not handled before
    ::kill(child, SIGSTOP);
    for (const wire::frame& f : {wire::frame{wire::stop{}}, wire::frame{wire::user_settings{0}},
                                 wire::frame{wire::ping{}}, wire::frame{wire::stop{}}})
        control->send(wire::encode(f));
    send(wire::user_connection{"192.0.2.7"}, std::move(fds));
    ::kill(child, SIGCONT);
    EXPECT_EQ(exit_status(), 0);
    char byte = 0;
    EXPECT_EQ(::read(front.get(), &byte, 1), 0) << "closed: the front sees it";
}

class crowded_user_process_test : public user_process_test
{
protected:
    static constexpr rlim_t limit = 40;
    crowded_user_process_test() : user_process_test(limit) {}
};

TEST_F(crowded_user_process_test, a_connection_it_has_no_descriptor_for_is_lost_and_nothing_else)
{
    begin();
    const auto connect = [&] {
        auto [front, user] = io::make_socket_pair();
        std::vector<io::unique_fd> fds;
        fds.push_back(std::move(user));
        send(wire::user_connection{"192.0.2.7"}, std::move(fds));
        return std::move(front);
    };
    // Something for the log while there are descriptors: UBSan opens a pipe to look at an object that it sees first.
    io::unique_fd rude = connect();
    ASSERT_EQ(::write(rude.get(), "\1\0\0\0\0\0\0\0x", 9), 9);
    ASSERT_TRUE(until([&] { return !statuses.empty() && statuses.back().connections == 0; }));
    std::vector<io::unique_fd> fronts;
    for (std::uint32_t n = 2; n <= limit + 5; ++n) {
        fronts.push_back(connect());
        ASSERT_TRUE(until([&] { return statuses.back().taken == n; })) << n;
    }
    const std::uint32_t held = statuses.back().connections;
    EXPECT_GT(held, 10U);
    EXPECT_LT(held, limit);
    char byte = 0;
    EXPECT_EQ(::read(fronts.back().get(), &byte, 1), 0); // closed: the front knows
    EXPECT_EQ(::read(fronts.front().get(), &byte, 1), -1);
    fronts.front().reset();
    ASSERT_TRUE(until([&] { return statuses.back().connections == held - 1; }));
    const io::unique_fd again = connect();
    ASSERT_TRUE(until([&] { return statuses.back().connections == held; }));
    send(wire::stop{});
    EXPECT_EQ(exit_status(), 0);
}

} // namespace
} // namespace winrm::service::user
