// One command in one shell over a session: drives shell::command_run. Streams output as it comes.
#pragma once

#include "client/session.h"
#include "shell/command_run.h"

#include <functional>
#include <memory>

namespace winrm::remote {

using shell::command_fate;
using shell::run_request;
using shell::run_result;

class run
{
public:
    struct handlers
    {
        /// `stream` is "stdout" or "stderr"; what a host sends of others is dropped.
        std::function<void(base::bytes_view stream, base::bytes_view data)> output;
        /// There is room for stdin: call send_input when bytes are at hand.
        std::function<void()> input_wanted;
        /// The command has ended, or could not: once. Signal and Delete may still be under way.
        std::function<void(result<run_result>)> done;
        /// Everything is cleaned up on the host, or given up: once, last.
        std::function<void()> finished;
    };
    /// Handlers are called from the loop, never from within the constructor. One of them may destroy the run.
    run(session& over, run_request request, handlers h);
    ~run();
    run(const run&) = delete;
    run& operator=(const run&) = delete;

    void send_input(base::bytes data, bool end);
    void signal(shell::signal_code code);
    /// Stop handing out output until resume (slow terminal or pipe): the next Receive waits.
    void pause_output();
    void resume_output();
    /// Terminate, delete the shell, end with errc::cancelled.
    void cancel();
    /// As in run_result, also where there is none because the run has failed.
    [[nodiscard]] bool output_uncertain() const noexcept;
    [[nodiscard]] command_fate fate() const noexcept;
    [[nodiscard]] const std::string& shell_id() const noexcept; ///< "" = none is known

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::remote
