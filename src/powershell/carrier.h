// Carries a pool of runspaces over a WS-Man shell (MS-PSRP 3.1.5.3): Create with creationXml, Command with the first
// fragments, Send, Receive, Signal, Delete; with what shell::paced_shell decides of repeats and rests. Reads no
// fragment. Pure.
//
// Orders are psrp::carry, from psrp::client_pool or made of out_of_proc packets. Call poll_request() and poll_event()
// after every other call until both are empty, and handle_timeout() when deadline() has come.
#pragma once

#include "psrp/client_pool.h"
#include "shell/paced_shell.h"

#include <map>
#include <optional>
#include <variant>

namespace winrm::powershell {

struct carrier_options
{
    shell::client_options shell; ///< resource URI, protocol_version, name, times and sizes; the rest is set here
    shell::pace_options pace;
    /// How long the host may take for Signal and Delete after the end, before Delete goes alone, and again before it is
    /// given up.
    base::milliseconds cleanup_time{5'000};
    /// The shell goes with its only pipeline: no Signal terminate before Delete.
    bool one_pipeline = false;
};

// events, in the order they happened
struct order_done
{
    psrp::carry_id id;
};
struct order_failed
{
    psrp::carry_id id;
    winrm::error error;
};
/// Bytes of the host's fragments.
struct fragments_arrived
{
    std::optional<base::uuid> pipeline; ///< nullopt: of the pool
    base::bytes bytes;
};
/// The host says Done, or does not know the pipeline any more (`error`). Nothing of it follows.
struct pipeline_ended
{
    base::uuid pipeline;
    std::optional<winrm::error> error;
};
/// The shell could not be opened, or is gone.
struct carrier_lost
{
    winrm::error error;
};
/// Everything is cleaned up on the host, or given up: once, last.
struct carrier_finished
{};
using carrier_event =
    std::variant<order_done, order_failed, fragments_arrived, pipeline_ended, carrier_lost, carrier_finished>;

/// cleaning: Delete, after Signals. forcing: Delete alone. over: carrier_finished is still to be reported.
enum class carrier_phase { carrying, cleaning, forcing, over, finished };

class carrier
{
public:
    explicit carrier(carrier_options options);

    void take(psrp::carry wanted, base::time_point now);
    /// Receives wait until resume() (a reader is slow).
    void pause() noexcept { paced_.pause(); }
    void resume() noexcept { paced_.resume(); }
    /// Whether the pool's own Receive is asked at all: it occupies a connection.
    void want_pool_output(bool wanted) { client().want_shell_output(wanted); }
    /// Deletes the shell, whatever is under way. Orders that are open are answered by nothing.
    void close(base::time_point now);

    [[nodiscard]] std::optional<shell::run_exchange> poll_request(base::time_point now)
    {
        return paced_.poll_request(now);
    }
    void handle_reply(shell::exchange_id id, const wsman::incoming_reply& reply, base::time_point now);
    void handle_failure(shell::exchange_id id, winrm::error e, base::time_point now);
    [[nodiscard]] std::optional<carrier_event> poll_event(base::time_point now);
    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);

    [[nodiscard]] carrier_phase phase() const noexcept { return phase_; }
    /// A connection was lost while the host may have been answering with output: some may be missing.
    [[nodiscard]] bool output_uncertain() const noexcept { return uncertain_; }
    [[nodiscard]] const std::string& shell_id() const noexcept { return paced_.shell().shell_id(); }
    /// Octets of fragments that one order may hold.
    [[nodiscard]] std::size_t piece_size() const noexcept { return paced_.shell().piece_size(); }
    void learn_envelope_size(std::size_t octets) { client().learn_envelope_size(octets); }

private:
    enum class kind { open, connect, pipeline, data, prompts, stop, close_pipeline, close, disconnect, reconnect };
    struct order
    {
        psrp::carry_id id;
        kind what;
        shell::command_number command;
    };

    shell::client_shell& client() noexcept { return paced_.shell(); }
    void begin(psrp::carry_id id, kind what, shell::command_number n = shell::shell_itself);
    void done(kind what, shell::command_number n);
    void done_at_once(psrp::carry_id id);
    bool fail(kind what, shell::command_number n, const winrm::error& e);
    void fail_all(shell::command_number n, const winrm::error& e);
    void carry(psrp::carry_id id, psrp::carry_open&& o);
    void carry(psrp::carry_id id, psrp::carry_connect&& o);
    void carry(psrp::carry_id id, psrp::carry_connect_pipeline&& o);
    void carry(psrp::carry_id id, psrp::carry_pipeline&& o);
    void carry(psrp::carry_id id, psrp::carry_data&& o);
    void carry(psrp::carry_id id, psrp::carry_stop&& o);
    void carry(psrp::carry_id id, psrp::carry_close_pipeline&& o);
    void carry(psrp::carry_id id, psrp::carry_close&&);
    void carry(psrp::carry_id id, psrp::carry_disconnect&&);
    void carry(psrp::carry_id id, psrp::carry_reconnect&&);
    [[nodiscard]] const base::uuid* pipeline_of(shell::command_number n) const;
    [[nodiscard]] std::optional<shell::command_number> running(const base::uuid& id) const;
    void translate(shell::client_event&& e, base::time_point now);
    void clean_up_from(base::time_point now);

    carrier_options options_;
    shell::paced_shell paced_;
    std::vector<order> orders_; ///< under way
    struct pipeline
    {
        shell::command_number number;
        bool ended = false; ///< Done, or failed; carry_close_pipeline has not come
    };
    std::map<base::uuid, pipeline> pipelines_;
    std::deque<carrier_event> events_;
    carrier_phase phase_ = carrier_phase::carrying;
    base::time_point cleanup_ = base::time_point::max();
    bool close_asked_ = false, uncertain_ = false;
};

} // namespace winrm::powershell
