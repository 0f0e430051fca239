// A client_shell with a clock: which of its requests goes when, what is asked again after a lost connection and how
// soon. What command_run (one command) and powershell::carrier (a pool of runspaces) have in common. Pure.
#pragma once

#include "shell/client_shell.h"
#include "shell/pace.h"

#include <map>
#include <optional>
#include <vector>

namespace winrm::shell {

/// A request to be sent now.
struct run_exchange
{
    exchange_id id;
    wsman::outgoing_request request;
    bool repeatable; ///< may be sent again by itself when a kept connection turns out to be closed
    bool urgent;     ///< Signal, Delete: goes before what waits for a connection
};

enum class exchange_verb { create, command, send, receive, signal, config, other };

class paced_shell
{
public:
    paced_shell(const client_options& options, const pace_options& pace);

    client_shell& shell() noexcept { return client_; }
    [[nodiscard]] const client_shell& shell() const noexcept { return client_; }

    /// Receives wait until resume().
    void pause() noexcept { paused_ = true; }
    void resume() noexcept { paused_ = false; }
    [[nodiscard]] bool paused() const noexcept { return paused_; }

    [[nodiscard]] std::optional<run_exchange> poll_request(base::time_point now);
    /// No request is under way, and none waits.
    [[nodiscard]] bool quiet() const noexcept { return under_way_.empty() && held_.empty(); }

    /// To be called before client_shell::handle_reply(), which follows if a verb is returned.
    [[nodiscard]] std::optional<exchange_verb> replied(exchange_id id, const wsman::incoming_reply& reply,
                                                       base::time_point now);
    struct lost
    {
        exchange_verb what;
        bool nothing_missing;              ///< the host gives again what it may have sent
        std::optional<milliseconds> pause; ///< it is asked again after this; nullopt = it is not
    };
    /// To be called before client_shell::handle_failure(), which follows if something is returned.
    [[nodiscard]] std::optional<lost> failed(exchange_id id, const winrm::error& e, base::time_point now);

    /// Nothing but the end is left to do: requests that have not been sent are dropped, and none waits any more.
    void drop_waiting();
    /// When poll_request() may have something without anything else happening; max() = never.
    [[nodiscard]] base::time_point deadline() const noexcept;

private:
    struct asked
    {
        exchange_verb what;
        command_number command;
        base::time_point since;
    };
    /// A request to be sent later: a Receive after a rest or while paused, a Send that the host was too busy to take.
    struct held
    {
        outgoing request;
        base::time_point from;
    };
    /// Of one command, or of the shell itself.
    struct receives
    {
        pace pacing;
        base::time_point rest_until{};
    };

    [[nodiscard]] bool may_be_sent(const held& h, base::time_point now) const;
    [[nodiscard]] std::optional<asked> take(exchange_id id);
    receives& receives_of(command_number n);
    void rest(command_number n, milliseconds time, base::time_point now);
    run_exchange dispatch(outgoing&& out, base::time_point now);

    client_shell client_;
    pace_options options_, receive_options_;
    pace sends_;
    std::map<command_number, receives> receives_;
    std::map<exchange_id, asked> under_way_;
    std::vector<held> held_; ///< of each command one Receive and one Send at most
    bool paused_ = false, ending_ = false;
    bool size_asked_ = false; ///< for the host's MaxEnvelopeSizekb, once
};

} // namespace winrm::shell
