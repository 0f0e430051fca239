// run_user as a process of its own: how it begins and ends.
#include "service/user/user.h"

#include "io/message_socket.h"
#include "service/wire/frames.h"

#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::user {
namespace {

class user_process_test : public testing::Test
{
protected:
    user_process_test()
    {
        auto [mine, theirs] = io::make_socket_pair();
        child = ::fork();
        if (child == 0) {
            mine.reset();
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
    while (statuses.empty()) loop.run_one();
    EXPECT_EQ(statuses.back().connections, 1U);
    EXPECT_EQ(statuses.back().taken, 1U);
    front.reset();
    while (statuses.size() < 2) loop.run_one();
    EXPECT_EQ(statuses.back().connections, 0U);
    EXPECT_EQ(statuses.back().taken, 1U);
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

} // namespace
} // namespace winrm::service::user
