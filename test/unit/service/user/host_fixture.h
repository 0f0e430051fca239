// A process_host on a loop of its own, and everything it told.
#pragma once

#include "service/user/process_host.h"

#include <gtest/gtest.h>

#include <dirent.h>
#include <functional>
#include <map>
#include <optional>
#include <unistd.h>

namespace winrm::service::user {

struct told
{
    std::uint32_t pid = 0;
    std::string out, err;
    bool out_ended = false, err_ended = false;
    int inputs_taken = 0;
    std::optional<int> status;
    std::optional<shell::start_failure> failure;
    [[nodiscard]] bool over() const { return failure || (status && out_ended && err_ended); }
};

class recorder final : public process_news
{
public:
    std::map<shell::process_ref, told> all;
    std::function<void(shell::process_ref, base::bytes_view)> on_output;

    void started(shell::process_ref p, std::uint32_t pid) override { all[p].pid = pid; }
    void not_started(shell::process_ref p, shell::start_failure why) override { all[p].failure = why; }
    void output(shell::process_ref p, std::size_t stream, base::bytes_view data) override
    {
        (stream == 1 ? all[p].err : all[p].out) += data;
        if (on_output) on_output(p, data);
    }
    void output_end(shell::process_ref p, std::size_t stream) override
    {
        (stream == 1 ? all[p].err_ended : all[p].out_ended) = true;
    }
    void input_taken(shell::process_ref p) override { ++all[p].inputs_taken; }
    void exited(shell::process_ref p, int status) override { all[p].status = status; }
};

inline std::size_t open_descriptors()
{
    std::size_t count = 0;
    DIR* folder = ::opendir("/proc/self/fd");
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

class host_fixture : public testing::Test
{
protected:
    static host_options plain_options()
    {
        host_options o;
        o.who = {"ada", "/tmp", "/bin/sh", "C.UTF-8", false, true};
        return o;
    }
    explicit host_fixture(host_options o = plain_options()) : host(loop, std::move(o), news) {}

    /// Runs the loop until the condition holds; false after half a minute, which only a hang takes.
    bool until(const std::function<bool()>& holds)
    {
        bool late = false;
        io::timer watchdog{loop};
        watchdog.set_after(base::milliseconds{30'000}, [&] { late = true; });
        while (!late && !holds()) loop.run_one();
        return !late;
    }
    shell::process_ref start(std::string line, const std::function<void(shell::start_process&)>& change = {})
    {
        shell::start_process order;
        order.process = shell::process_ref{++last};
        order.command_line = std::move(line);
        order.working_directory = "/";
        order.login_profile = false;
        order.shell_id = "5E110000-0000-4000-8000-000000000001";
        order.command_id = "C0DE0000-0000-4000-8000-" + std::to_string(100'000'000'000 + last);
        if (change) change(order);
        const shell::process_ref ref = order.process;
        host.execute(std::move(order));
        return ref;
    }
    told& run(std::string line, const std::function<void(shell::start_process&)>& change = {})
    {
        const shell::process_ref p = start(std::move(line), change);
        EXPECT_TRUE(until([&] { return news.all[p].over(); }));
        host.execute(shell::forget_process{p});
        return news.all[p];
    }
    /// A process is gone when it cannot be signalled (zombies of others are not ours to see here: init reaps them).
    static bool gone(pid_t pid) { return ::kill(pid, 0) != 0; }

    io::loop loop;
    recorder news;
    process_host host;
    std::uint64_t last = 0;
};

} // namespace winrm::service::user
