// Both ends of a remote shell tied together in memory: client machine, service table, scripted processes, virtual
// clock.
#pragma once

#include "shell/client_shell.h"
#include "shell/server_table.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace winrm::sim {

using namespace std::chrono_literals;

/// What the fake processes understand: "echo TEXT", "cat", "late MILLISECONDS" (cat that reads from then on), "big
/// BYTES", "silent MILLISECONDS", "wait" (until SIGINT).
struct process
{
    std::string line;
    std::size_t left = 0;
    base::time_point ends = base::time_point::max(), reads = base::time_point::min();
    bool reading = true;
    std::optional<shell::write_input> unread{};
};

enum class loss { none, before_delivery, after_delivery };

class world
{
public:
    explicit world(shell::table_options t = {}, shell::client_options c = {});

    /// Loses the exchange with this number (from 0).
    void lose(std::size_t exchange, loss how) { lost_ = exchange, how_ = how; }
    /// As Windows under load: every n-th Send is answered with TimedOut, and carried out all the same. 0 = none.
    std::size_t late_sends = 0;
    /// Runs until nothing can happen any more or the client is finished. false: the bound on steps was reached.
    bool run(std::size_t max_steps = 200'000);
    /// Time passes with nobody asking.
    void idle(std::chrono::milliseconds time);
    void pump_server();

    shell::server_table table;
    shell::client_shell client;
    base::time_point now{};
    std::string out, err;
    std::vector<std::int32_t> exits;
    std::vector<winrm::error> failures;
    std::size_t opened = 0, closed = 0, shell_failures = 0, exchanges = 0, receives = 0, most_queued = 0, pauses = 0,
                started = 0, sends = 0;
    bool close_when_done = true;
    std::size_t commands_left = 1;
    std::map<shell::process_ref, process> processes;

private:
    bool deliver_requests();
    void deliver(shell::outgoing&& o);
    bool deliver_replies();
    bool carry_out_orders();
    bool run_processes();
    bool take_events();
    bool advance();
    void order(shell::process_order&& o);
    void exit(shell::process_ref p, int status);
    void copy(shell::write_input&& w);

    struct asked
    {
        shell::exchange_id id;
        std::string message_id;
        bool repeatable;
        bool late = false; ///< what the table answers is told as TimedOut
    };
    std::multimap<base::time_point, shell::outgoing> delayed_;
    std::map<shell::request_token, asked> waiting_;
    std::set<shell::request_token> answered_;
    std::size_t lost_ = static_cast<std::size_t>(-1);
    loss how_ = loss::none;
    std::uint64_t next_token_ = 1;
};

} // namespace winrm::sim
