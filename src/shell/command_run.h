// One command in one shell, from Create to Delete, with everything that is decided on the way: what is asked again
// after a lost connection and how soon, when time is up, what is known of the command, how the shell is cleaned up.
// Pure.
//
// The driver calls poll_request() until it is empty before each poll_event(), both after every other call, and
// handle_timeout() when deadline() has come.
#pragma once

#include "shell/paced_shell.h"

#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace winrm::shell {

struct run_request
{
    client_options shell; ///< Create options, operation timeout, sizes
    start_command command;
    bool has_input = false;  ///< false: stdin is empty (no stdin stream is asked for)
    milliseconds timeout{0}; ///< whole run, 0 = none; then terminate and errc::timeout
    milliseconds limit{0};   ///< what `timeout` is left of, for messages; 0 = timeout itself
    /// How long the host may take for Signal and Delete after the end, before Delete goes alone, and again before it is
    /// given up.
    milliseconds cleanup_time{5'000};
    /// A kept shell to run in instead of a new one: no Create, no Delete.
    std::optional<shell_info> attach;
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
    shell_info shell; ///< where it ran
};

/// What is known of the command on the host.
enum class command_fate {
    not_started,
    unknown, ///< the answer to Command has not come or was lost
    started
};

/// starting: Create and Command. running: output is asked for. lost: the latest Receive had no answer. keeping: the
/// command has ended, the shell stays. cleaning: Signal and Delete. forcing: Delete without waiting for Signal. over:
/// nothing is left to do, run_finished is still to be reported.
enum class run_phase { starting, running, lost, keeping, cleaning, forcing, over, finished };
/// started: Command was answered. unanswered, answered: a Receive. kept: Done, the shell stays. ended: Done, a failure,
/// cancel() or the time limit. late: the clean-up takes long. cleaned: nothing is left on the host. reported:
/// run_finished was handed out.
enum class run_step { started, unanswered, answered, kept, ended, late, cleaned, reported };
struct run_transition
{
    run_phase from;
    run_step step;
    run_phase to;
};
[[nodiscard]] std::span<const run_transition> run_transitions() noexcept;

// events, in the order they happened
struct output_arrived
{
    base::bytes_view stream; ///< "stdout" or "stderr"
    base::bytes data;
};
/// There is room for stdin.
struct input_possible
{};
/// The command has ended, or could not: once. Signal and Delete may still be under way.
struct run_ended
{
    result<run_result> how;
};
/// Everything is cleaned up on the host, or given up: once, last.
struct run_finished
{};
using run_event = std::variant<output_arrived, input_possible, run_ended, run_finished>;

class command_run
{
public:
    command_run(run_request request, base::time_point now);

    // -- what the application wants
    void send_input(base::bytes data, bool end);
    void signal(signal_code code);
    /// Hand out no more output until resume() (slow terminal or pipe): the next Receive waits.
    void pause() noexcept;
    void resume() noexcept { paced_.resume(); }
    /// Terminate, delete the shell, end with errc::cancelled.
    void cancel(base::time_point now);

    // -- what is to be sent, what arrived, time
    [[nodiscard]] std::optional<run_exchange> poll_request(base::time_point now);
    void handle_reply(exchange_id id, const wsman::incoming_reply& reply, base::time_point now);
    /// The request failed below WS-Management; error::delivery() says whether the host may have seen it.
    void handle_failure(exchange_id id, winrm::error e, base::time_point now);
    [[nodiscard]] std::optional<run_event> poll_event(base::time_point now);
    [[nodiscard]] base::time_point deadline() const noexcept; ///< time_point::max() = never
    void handle_timeout(base::time_point now);

    [[nodiscard]] run_phase phase() const noexcept { return phase_; }
    [[nodiscard]] command_fate fate() const noexcept { return fate_; }
    /// As in run_result, also where there is none because the run has failed.
    [[nodiscard]] bool output_uncertain() const noexcept { return result_.output_uncertain; }
    [[nodiscard]] const std::string& shell_id() const noexcept
    {
        return paced_.shell().shell_id();
    } ///< "" = none is known

private:
    bool step(run_step s) noexcept;
    [[nodiscard]] bool ended() const noexcept { return phase_ >= run_phase::keeping; }
    void end(winrm::error e, base::time_point now);
    void clean_up_from(base::time_point now, milliseconds at_most);
    [[nodiscard]] std::optional<run_event> translate(client_event&& e, base::time_point now);
    [[nodiscard]] std::optional<run_event> done(std::optional<std::int64_t> exit_code, base::time_point now);
    [[nodiscard]] winrm::error out_of_time() const;
    [[nodiscard]] winrm::error explained(exchange_verb what, winrm::error e);

    run_request request_;
    paced_shell paced_;
    client_shell& client() noexcept { return paced_.shell(); }
    command_number command_{};
    run_result result_;
    run_phase phase_ = run_phase::starting;
    command_fate fate_ = command_fate::not_started;
    std::optional<winrm::error> failure_; ///< to be reported
    base::time_point limit_, cleanup_ = base::time_point::max();
};

} // namespace winrm::shell
