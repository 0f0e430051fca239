// One script in a runspace pool of its own, from Create to Delete: psrp::client_pool carried by a carrier, its time
// limit, how it is stopped and what its end means. Pure.
//
// The driver calls poll_request() until it is empty before each poll_event(), both after every other call, and
// handle_timeout() when deadline() has come.
#pragma once

#include "powershell/carrier.h"
#include "psrp/pipeline.h"

namespace winrm::powershell {

struct script_request
{
    carrier_options carrier; ///< create.shell_id is that of the pool
    psrp::client_pool_options pool;
    psrp::pipeline what;
    base::milliseconds timeout{0}; ///< whole run, 0 = none; then the shell is deleted and errc::timeout
    base::milliseconds limit{0};   ///< what `timeout` is left of, for messages; 0 = timeout itself
};

struct script_result
{
    psrp::invocation_state state = psrp::invocation_state::completed; ///< completed, stopped or failed
    std::optional<psrp::error_record> reason;                         ///< the terminating error
    std::optional<std::int32_t> exit_code;                            ///< what `exit N` said
    /// A connection was lost while the host may have been answering with output: some may be missing.
    bool output_uncertain = false;
};

// events, in the order they happened; those of psrp as they are
/// There is room for input.
struct script_input_possible
{};
/// The script has ended, or could not: once. Delete may still be under way.
struct script_ended
{
    result<script_result> how;
};
/// Everything is cleaned up on the host, or given up: once, last.
struct script_finished
{};
using script_event =
    std::variant<psrp::pipeline_output, psrp::pipeline_error, psrp::pipeline_informational, psrp::pipeline_information,
                 psrp::pipeline_progress, psrp::host_call_made, script_input_possible, script_ended, script_finished>;

class script_run
{
public:
    script_run(script_request request, base::random_source random, base::time_point now);

    // -- what the application wants
    void send_input(const clixml::value& v) { pool_.send_input(pipeline_, v); }
    void end_input() { pool_.end_input(pipeline_); }
    /// Hand out no more until resume() (slow terminal or pipe): the next Receive waits.
    void pause() noexcept;
    void resume() noexcept { carrier_.resume(); }
    /// Ends the pipeline on the host and waits for that.
    void stop() { pool_.stop(pipeline_); }
    /// Ends with errc::cancelled at once; the shell is deleted.
    void cancel(base::time_point now);
    /// Answers to host_call_made, and secure strings: respond(), fail(), protect(), exchange_keys().
    [[nodiscard]] psrp::client_pool& pool() noexcept { return pool_; }

    // -- what is to be sent, what arrived, time
    [[nodiscard]] std::optional<shell::run_exchange> poll_request(base::time_point now);
    void handle_reply(shell::exchange_id id, const wsman::incoming_reply& reply, base::time_point now);
    void handle_failure(shell::exchange_id id, winrm::error e, base::time_point now);
    [[nodiscard]] std::optional<script_event> poll_event(base::time_point now);
    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);

    [[nodiscard]] const std::string& shell_id() const noexcept { return carrier_.shell_id(); }

private:
    /// running: until the pipeline has ended. closing: the shell is being deleted.
    enum class phase { running, closing, finished };

    void move(base::time_point now);
    void take(carrier_event&& e, base::time_point now);
    void take(psrp::pool_event&& e, base::time_point now);
    void end(result<script_result> how, base::time_point now);
    [[nodiscard]] winrm::error out_of_time() const;

    script_request request_;
    carrier carrier_;
    psrp::client_pool pool_;
    base::uuid pipeline_;
    script_result result_;
    phase phase_ = phase::running;
    std::deque<script_event> events_;
    base::time_point limit_, listen_from_ = base::time_point::max();
};

} // namespace winrm::powershell
