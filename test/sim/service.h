// The service's end of a remote shell in memory: table, scripted processes, virtual clock.
#pragma once

#include "shell/server_table.h"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace winrm::sim {

using namespace std::chrono_literals;

/// What the fake processes, and the pipelines of a fake PowerShell, understand: "echo TEXT", "cat", "late MILLISECONDS"
/// (cat that reads from then on), "big BYTES" (output), "silent MILLISECONDS", "wait" (until SIGINT). A pipeline's cat
/// ends after input that ends in "END"; the pool gives back what it is sent.
struct process
{
    std::string line;
    std::size_t left = 0;
    base::time_point ends = base::time_point::max(), reads = base::time_point::min();
    bool reading = true;
    std::optional<shell::write_input> unread{};
};

enum class loss { none, before_delivery, after_delivery };

class service
{
public:
    explicit service(shell::table_options t);

    /// Time passes with nobody asking.
    void idle(std::chrono::milliseconds time);
    void pump_server();

    shell::server_table table;
    base::time_point now{};
    std::size_t pauses = 0, started = 0;
    std::map<shell::process_ref, process> processes;

protected:
    bool carry_out_orders();
    bool run_processes();
    /// When table or a process wants to go on.
    [[nodiscard]] base::time_point next_step() const;

private:
    void order(shell::process_order&& o);
    void start(shell::process_ref p, const std::string& line);
    void exit(shell::process_ref p, int status);
    void copy(shell::write_input&& w);
};

} // namespace winrm::sim
