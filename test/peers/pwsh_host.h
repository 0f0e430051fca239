// A real pwsh with a pool of ours on its stdin and stdout.
#pragma once

#include "peers/psrp_carrier.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <poll.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace winrm::psrp {

class pwsh_host
{
public:
    explicit pwsh_host(client_pool_options options = {}) : pool{with_id(std::move(options)), base::system_random()}
    {
        const char* program = std::getenv("PWSH");
        if (program == nullptr) throw std::runtime_error("PWSH is not set");
        int in[2], out[2];
        if (pipe(in) != 0 || pipe(out) != 0) throw std::runtime_error("pipe");
        child_ = fork();
        if (child_ == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            for (const int fd : {in[0], in[1], out[0], out[1]}) close(fd);
            execl(program, program, "-SSHServerMode", "-NoLogo", "-NoProfile", nullptr);
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        to_ = in[1];
        from_ = out[0];
    }
    pwsh_host(const pwsh_host&) = delete;
    pwsh_host& operator=(const pwsh_host&) = delete;
    ~pwsh_host()
    {
        ::close(to_);
        ::close(from_);
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }

    /// Runs until an event comes for which `until` says true; all events go to it. @return false: given up, see
    /// `trouble`
    bool run(const std::function<bool(pool_event&)>& until, std::chrono::seconds patience = std::chrono::seconds{60})
    {
        const auto end = std::chrono::steady_clock::now() + patience;
        for (;;) {
            while (auto e = pool.poll_event())
                if (until(*e)) return true;
            const auto now = std::chrono::steady_clock::now();
            carrier_.carry_from(pool, now);
            if (auto more = pool.poll_event()) {
                if (until(*more)) return true;
                continue;
            }
            if (now > end) {
                trouble = "nothing for too long";
                return false;
            }
            if (!exchange()) return false;
        }
    }
    /// Runs a script to its end. Host calls go to `answer`.
    struct outcome
    {
        std::vector<clixml::value> output;
        std::vector<error_record> errors;
        std::vector<informational_record> records;
        std::vector<information_record> information;
        std::vector<progress_record> progress;
        std::optional<pipeline_state_changed> end;
    };
    outcome finish(const base::uuid& id, const std::function<void(host_call_made&)>& answer = {},
                   const std::function<void()>& on_start = {})
    {
        outcome o;
        run([&](pool_event& e) {
            if (auto* x = std::get_if<pipeline_output>(&e); x != nullptr && x->pipeline == id)
                o.output.push_back(x->value);
            if (auto* x = std::get_if<pipeline_error>(&e); x != nullptr && x->pipeline == id)
                o.errors.push_back(x->record);
            if (auto* x = std::get_if<pipeline_informational>(&e)) o.records.push_back(x->record);
            if (auto* x = std::get_if<pipeline_information>(&e)) o.information.push_back(x->record);
            if (auto* x = std::get_if<pipeline_progress>(&e)) o.progress.push_back(x->record);
            if (auto* x = std::get_if<host_call_made>(&e); x != nullptr && answer) answer(*x);
            if (auto* x = std::get_if<pipeline_started>(&e); x != nullptr && x->pipeline == id && on_start) on_start();
            if (auto* x = std::get_if<pool_broken>(&e)) {
                trouble = to_string(x->error);
                return true;
            }
            auto* x = std::get_if<pipeline_state_changed>(&e);
            if (x == nullptr || x->pipeline != id || !is_end(x->state)) return false;
            o.end = *x;
            return true;
        });
        return o;
    }
    bool open()
    {
        pool.open();
        return run([&](pool_event& e) {
                   if (auto* x = std::get_if<pool_broken>(&e)) trouble = to_string(x->error);
                   if (auto* x = std::get_if<pool_opened>(&e)) opened = *x;
                   return std::holds_alternative<pool_opened>(e) || std::holds_alternative<pool_broken>(e);
               }) &&
               trouble.empty();
    }
    bool close_pool()
    {
        pool.close();
        return run([](pool_event& e) { return std::holds_alternative<pool_closed>(e); });
    }

    client_pool pool;
    pool_opened opened;
    std::string trouble;

private:
    static client_pool_options with_id(client_pool_options o)
    {
        o.id = base::uuid::random(base::system_random());
        return o;
    }
    bool exchange()
    {
        waiting_ += carrier_.take_output();
        pollfd fds[2] = {{from_, POLLIN, 0}, {waiting_.empty() ? -1 : to_, POLLOUT, 0}};
        if (poll(fds, 2, 200) < 0 && errno != EINTR) return fail("poll");
        if ((fds[1].revents & POLLOUT) != 0) {
            const ssize_t n = ::write(to_, waiting_.data(), std::min<std::size_t>(waiting_.size(), 4096));
            if (n > 0) waiting_.erase(0, static_cast<std::size_t>(n));
        }
        if ((fds[0].revents & (POLLIN | POLLHUP)) != 0) {
            char buffer[65536];
            const ssize_t n = ::read(from_, buffer, sizeof buffer);
            if (n <= 0) return fail("pwsh is gone");
            if (auto wrong = carrier_.received(pool, {buffer, static_cast<std::size_t>(n)})) return fail(*wrong);
        }
        return true;
    }
    bool fail(std::string why)
    {
        trouble = std::move(why);
        return false;
    }

    out_of_proc_carrier carrier_;
    std::string waiting_;
    pid_t child_ = -1;
    int to_ = -1, from_ = -1;
};

} // namespace winrm::psrp
