// One command in one shell over a session: drives shell::client_shell. Streams output as it comes.
#pragma once

#include "client/pace.h"
#include "client/session.h"
#include "shell/client_shell.h"

#include <functional>
#include <memory>
#include <optional>

namespace winrm::remote {

struct run_request
{
    shell::client_options shell; ///< Create options, operation timeout, sizes
    shell::start_command command;
    bool has_input = false;        ///< false: stdin is empty (no stdin stream is asked for)
    base::milliseconds timeout{0}; ///< whole run, 0 = none; then terminate and errc::timeout
    base::milliseconds limit{0};   ///< what `timeout` is left of, for messages; 0 = timeout itself
    /// How long the host may take for Signal and Delete after the end, before Delete goes alone, and again before it is
    /// given up.
    base::milliseconds cleanup_time{5'000};
    /// A kept shell to run in instead of a new one: no Create, no Delete.
    std::optional<shell::shell_info> attach;
    /// Leave the shell open afterwards; run_result::shell tells which it is.
    bool keep_shell = false;
    pace_options pace;
};

struct run_result
{
    std::optional<std::int64_t> exit_code; ///< nullopt: the host sent none
    std::uint64_t bytes_out = 0, bytes_err = 0;
    /// A connection was lost while the host may have been answering with output: some may be missing.
    bool output_uncertain = false;
    shell::shell_info shell; ///< where it ran
};

/// What is known of the command on the host.
enum class command_fate {
    not_started,
    unknown, ///< the answer to Command has not come or was lost
    started
};

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
