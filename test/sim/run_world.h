// One command from Create to Delete in memory: shell::command_run against the service, with failures where a test wants
// them, under the virtual clock.
#pragma once

#include "shell/command_run.h"
#include "sim/service.h"

#include <functional>
#include <vector>

namespace winrm::sim {

/// What becomes of a request instead of an answer.
struct failure
{
    bool delivered; ///< the service sees it all the same
    error what;
    std::chrono::milliseconds after{0}; ///< from the moment it left
};

class run_world : public service
{
public:
    explicit run_world(shell::run_request r, shell::table_options t = {});

    /// Asked for each request: its number from 0, its action.
    std::function<std::optional<failure>(std::size_t number, std::string_view action)> fail;
    /// A Receive gets this at once instead of the service's answer.
    std::function<std::optional<std::string>(const std::string& message_id)> answer_receive;
    /// Called after each event.
    std::function<void()> on_event;
    bool halted = false; ///< run() returns: the clock stands still

    /// Runs until run_finished. false: halted, the bound on steps was reached, or nothing can happen any more.
    bool run(std::size_t max_steps = 200'000);
    /// Hands out input when it is asked for.
    void give(std::string input) { input_ = std::move(input); }

    shell::command_run machine;
    std::string out, err;
    std::vector<result<shell::run_result>> ended; ///< one in the end
    std::size_t finished = 0, exchanges = 0, receives = 0, creates = 0, commands = 0;
    std::vector<base::time_point> received_at; ///< when each Receive left
    std::vector<std::string> actions;

private:
    struct asked
    {
        shell::exchange_id id;
        std::string message_id;
    };
    void leave(shell::run_exchange&& request);
    bool deliver_replies();
    bool deliver_failures();
    bool take_event();
    bool advance();

    std::string input_;
    std::map<shell::request_token, asked> waiting_;
    std::multimap<base::time_point, std::pair<shell::exchange_id, error>> failing_;
    std::multimap<base::time_point, std::pair<shell::exchange_id, std::string>> answering_;
    std::map<shell::exchange_id, std::string> ids_;
    std::uint64_t next_token_ = 1;
};

} // namespace winrm::sim
