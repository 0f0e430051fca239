// A PowerShell shell in memory, both ends: powershell::carrier against the service's table with a scripted PowerShell
// behind it, and what may happen to messages on their way between, under the virtual clock.
#pragma once

#include "powershell/carrier.h"
#include "sim/service.h"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace winrm::sim {

/// Of one exchange.
enum class mishap {
    none,
    not_sent,        ///< the connection was refused
    request_lost,    ///< and nobody knows whether it came
    request_cut,     ///< the service reads half an envelope
    request_doubled, ///< the service reads it twice
    answer_lost,
    answer_cut,
    answer_doubled, ///< the client reads it twice
};

/// What the application does next, when what it did last is answered.
using order_content = decltype(psrp::carry::what);
struct await_end ///< of a pipeline
{
    base::uuid pipeline;
};
struct await_pool
{
    std::size_t octets; ///< of its output in all
};
using script_step = std::variant<order_content, await_end, await_pool>;

class powershell_world : public service
{
public:
    powershell_world(std::vector<script_step> script, shell::client_options c, shell::table_options t = {});

    /// Happens to the exchange with this number (from 0).
    void arrange(std::size_t exchange, mishap what) { at_ = exchange, what_ = what; }
    /// Until carrier_finished. When something failed, or after an hour, the application closes the pool and waits.
    /// @return false: the bound on steps was reached, or nothing can happen any more
    bool run(std::size_t max_steps = 20'000);

    powershell::carrier carrier;
    std::string pool_output;
    std::map<base::uuid, std::string> output;
    std::map<base::uuid, std::size_t> ended;
    std::vector<winrm::error> errors; ///< all that were told
    std::vector<std::string> actions;
    std::size_t answered = 0, finished = 0, octets = 0;

private:
    void leave(shell::run_exchange&& request);
    void fail(shell::exchange_id id, errc code, delivery how);
    bool deliver_replies();
    bool take_events();
    bool go_on();
    bool advance();

    struct asked
    {
        shell::exchange_id id;
        std::string message_id;
        mishap what;
    };
    std::vector<script_step> script_;
    std::size_t next_step_of_script_ = 0;
    std::map<std::uint64_t, std::string> orders_; ///< open, with what they are
    bool closing_ = false;
    std::map<shell::request_token, asked> waiting_;
    std::size_t at_ = static_cast<std::size_t>(-1);
    mishap what_ = mishap::none;
    std::uint64_t next_token_ = 1, next_order_ = 1;
};

} // namespace winrm::sim
