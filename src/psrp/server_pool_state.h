// What a server's pool keeps, for the files that make it up. Private to this folder.
#pragma once

#include "clixml/writer.h"
#include "psrp/content.h"
#include "psrp/lifecycle.h"
#include "psrp/server_pool.h"
#include "psrp/session_key.h"

#include <deque>
#include <map>
#include <set>
#include <vector>

namespace winrm::psrp {

struct server_pool::state_type
{
    using pipeline_id = base::uuid;
    enum class run_phase { waiting, running, ended };
    struct pipeline_entry
    {
        run_phase phase = run_phase::waiting;
        bool takes_input = false;
        std::optional<std::variant<psrp::pipeline, get_command_metadata>> what; ///< until it runs
        defragmenter normal, prompt_response;
        fragmenter out;
        std::set<std::int64_t> asked;
        std::deque<server_event> early; ///< input that came before it runs
    };

    state_type(server_pool_options o, base::random_source r)
        : options{std::move(o)}, random{std::move(r)}, normal{options.limits}, prompt_response{options.limits}
    {}

    server_pool_options options;
    base::random_source random;
    server_pool_phase phase = server_pool_phase::before_open;
    std::optional<base::uuid> id;
    session_capability client;
    std::int32_t min_runspaces = 1, max_runspaces = 1, running = 0;
    std::uint64_t next_object = 1;
    std::int64_t next_call = 1;
    defragmenter normal, prompt_response;
    fragmenter out;
    std::map<pipeline_id, pipeline_entry> pipelines;
    std::deque<pipeline_id> pending; ///< MS-PSRP 3.2.1.2.11
    std::set<std::int64_t> asked, resets;
    std::deque<server_event> events;
    std::optional<session_key> key;

    void send(message_type type, const std::optional<pipeline_id>& pipeline, const clixml::value& v);
    pipeline_entry* find(const pipeline_id& pipeline);
    void start_waiting();
    void finish(const pipeline_id& pipeline, invocation_state as, const std::optional<error_record>& why);
    void break_pool(const winrm::error& why);
    [[nodiscard]] session_capability own_capability() const;

    result<void> take_all(const std::optional<pipeline_id>& pipeline, defragmenter& from);
    result<void> take(const std::optional<pipeline_id>& stream, message m);
    result<void> take_pool(const message& m, const message_content& content);
    result<void> take_pipeline(const pipeline_id& pipeline, const message_content& content);
    result<void> take_counts(const message_content& content);
    result<void> take_response(const std::optional<pipeline_id>& pipeline, const host_response& r);
    result<void> take_capability(const message& m, const session_capability& said);
};

} // namespace winrm::psrp
