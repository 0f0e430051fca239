// What a client's pool keeps, for the files that make it up. Private to this folder.
#pragma once

#include "psrp/client_pool.h"
#include "psrp/lifecycle.h"
#include "psrp/message.h"
#include "psrp/session_key.h"

#include <deque>
#include <map>
#include <set>
#include <vector>

namespace winrm::psrp {

struct client_pool::state_type
{
    using pipeline_id = base::uuid;

    /// Fragments towards the host of a pool or pipeline; of each stream one order at a time.
    struct outgoing_stream
    {
        fragmenter waiting;
        bool under_way = false;
    };
    enum class closing { not_needed, due, under_way };
    enum class start_by { create, connect };
    struct pipeline_entry
    {
        pipeline_phase phase = pipeline_phase::queued;
        start_by how = start_by::create;
        closing close = closing::not_needed;
        message_type first_type = message_type::create_pipeline;
        clixml::value first; ///< data of the first message, until it goes out
        /// Of `first`, while parts of it wait or are under way: a host stops no pipeline that it has not yet read.
        std::optional<std::uint64_t> first_object;
        outgoing_stream normal, prompt_response;
        defragmenter incoming;
        bool takes_input = false;  ///< input may still be sent
        bool input_wanted = false; ///< told, and none was sent since
        bool start_under_way = false;
        std::set<std::int64_t> asked; ///< host calls without an answer
    };

    enum class order_kind {
        open,
        connect,
        connect_pipeline,
        start_pipeline,
        data,
        stop,
        close_pipeline,
        close,
        disconnect,
        reconnect
    };
    struct order
    {
        order_kind kind;
        std::optional<pipeline_id> pipeline;
        carry_stream stream = carry_stream::normal;
    };

    enum class key_phase { none, wanted, sent, exchanged };
    using answer = std::variant<clixml::value, base::secret, credential, std::vector<field_answer>>;
    struct waiting_answer
    {
        host_call_made asked;
        answer content;
    };

    state_type(client_pool_options o, base::random_source r)
        : options{std::move(o)}, random{std::move(r)}, incoming{options.limits}
    {}

    client_pool_options options;
    base::random_source random;
    pool_phase phase = pool_phase::before_open;
    bool open_sent = false, open_answered = false; ///< of carry_open or carry_connect
    enum class last_order { none, due, under_way } leaving = last_order::none, closing_pool = last_order::none;
    std::uint64_t next_object = 1, next_carry = 1;
    std::int64_t next_call = 1;
    outgoing_stream normal, prompt_response;
    defragmenter incoming;
    std::vector<message> held; ///< of the pool, until it is open
    std::map<carry_id, order> orders;
    std::map<pipeline_id, pipeline_entry> pipelines;
    std::vector<pipeline_id> order_of_pipelines; ///< as they were asked for
    std::set<std::int64_t> asked;                ///< host calls of the pool without an answer
    std::set<std::int64_t> calls;                ///< MS-PSRP 3.1.1.2.5: call ids that wait for RUNSPACE_AVAILABILITY
    std::deque<pool_event> events;

    std::optional<session_capability> host;
    std::optional<runspacepool_init_data> init_data;
    clixml::value private_data;

    key_phase keys = key_phase::none;
    std::optional<key_exchange> exchange;
    std::optional<session_key> key;
    base::time_point key_deadline = base::time_point::max();
    std::vector<waiting_answer> answers;

    // client_pool.cpp
    void queue(message_type type, const std::optional<pipeline_id>& pipeline, carry_stream stream, base::bytes data);
    void tell(pool_event e) { events.push_back(std::move(e)); }
    pipeline_entry* find(const pipeline_id& id);
    void add(const pipeline_id& id, pipeline_entry entry);
    void end_pipeline(const pipeline_id& id, invocation_state as, std::optional<error_record> reason,
                      std::optional<winrm::error> why);
    void end_all(invocation_state as, const std::optional<winrm::error>& why);
    void break_pool(winrm::error why, std::optional<error_record> reason, bool tidy_up);
    void finish_closing();
    void check_input(const pipeline_id& id, pipeline_entry& entry);
    void want_keys();

    // client_carry.cpp
    std::optional<carry> next_order(base::time_point now);
    std::optional<carry> first_order();
    std::optional<carry> pipeline_order();
    std::optional<carry> data_order();
    std::optional<carry> data_of(const std::optional<pipeline_id>& id, outgoing_stream& from, carry_stream stream);
    std::optional<carry> close_pipeline_order();
    std::optional<carry> last_orders();
    template <class What> carry give(order o, What what)
    {
        const carry_id id{next_carry++};
        orders.emplace(id, std::move(o));
        return carry{id, std::move(what)};
    }
    void done(const order& o);
    void failed(const order& o, winrm::error why);
    void connected();

    // client_receive.cpp
    result<void> take(const std::optional<pipeline_id>& from, base::bytes bytes);
    result<void> take_pool(const message& m, const clixml::value& v);
    result<void> take_pipeline(const message& m, const clixml::value& v);
    result<void> take_capability(const clixml::value& v);
    result<void> take_pool_state(const clixml::value& v);
    result<void> take_pipeline_state(const pipeline_id& id, const clixml::value& v);
    result<void> take_host_call(const std::optional<pipeline_id>& id, const clixml::value& v);
    result<void> take_session_key(const clixml::value& v);
    void opened();

    // client_host.cpp
    [[nodiscard]] bool waits(const host_call_made& asked_call);
    void respond(host_call_made asked_call, answer content);
    void send_response(const host_call_made& asked_call, host_response r);
    [[nodiscard]] result<clixml::value> encode_answer(const answer& content) const;
};

} // namespace winrm::psrp
