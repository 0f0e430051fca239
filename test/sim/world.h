// Both ends of a remote shell tied together in memory, with several commands: the client's machine against the service.
#pragma once

#include "shell/client_shell.h"
#include "sim/service.h"

#include <vector>

namespace winrm::sim {

class world : public service
{
public:
    explicit world(shell::table_options t = {}, shell::client_options c = {});

    /// Loses the exchange with this number (from 0).
    void lose(std::size_t exchange, loss how) { lost_ = exchange, how_ = how; }
    /// As Windows under load: every n-th Send is answered with TimedOut, and carried out all the same. 0 = none.
    std::size_t late_sends = 0;
    /// Runs until nothing can happen any more or the client is finished. false: the bound on steps was reached.
    bool run(std::size_t max_steps = 200'000);
    shell::client_shell client;
    std::string out, err;
    std::vector<std::int32_t> exits;
    std::vector<winrm::error> failures;
    std::size_t opened = 0, closed = 0, shell_failures = 0, octets = 0, exchanges = 0, receives = 0, sends = 0;
    bool close_when_done = true;
    std::size_t commands_left = 1;

private:
    bool deliver_requests();
    void deliver(shell::outgoing&& o);
    bool deliver_replies();
    bool take_events();
    bool advance();

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
