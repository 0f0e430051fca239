// What the host says to a client's pool (MS-PSRP 3.1.5.4).
#include "psrp/client_pool_state.h"

#include "clixml/writer.h"

#include <utility>

namespace winrm::psrp {
namespace {

bool is_supported(const session_capability& c)
{
    // MS-PSRP 3.1.5.4.1.2; newer hosts say 2.3 and 2.4.
    return c.protocol_version.starts_with("2.") && c.serialization_version.starts_with("1.1");
}

} // namespace

void client_pool::received(const std::optional<base::uuid>& pipeline, base::bytes_view bytes)
{
    state_type& s = *state_;
    if (finished()) return;
    const auto* known = pipeline ? s.find(*pipeline) : nullptr;
    if (pipeline && (known == nullptr || known->phase == pipeline_phase::ended)) return;
    const auto in = [&]() -> defragmenter* {
        if (!pipeline) return &s.incoming;
        auto* entry = s.find(*pipeline);
        return entry == nullptr ? nullptr : &entry->incoming;
    };
    auto pushed = in()->push(bytes);
    // What came whole before the error counts.
    while (!finished()) {
        defragmenter* from = in();
        if (from == nullptr) return; // the pipeline has ended
        auto next = from->poll();
        if (!next) break;
        if (auto taken = s.take(pipeline, std::move(*next)); !taken) pushed = taken.error();
        if (!pushed) break;
    }
    if (!pushed) s.break_pool(pushed.error(), {}, true);
}

result<void> client_pool::state_type::take(const std::optional<pipeline_id>& from, base::bytes bytes)
{
    auto read = read_message(std::move(bytes));
    if (!read) return read.error();
    const message& m = *read;
    if (m.destination != destination::client)
        return error{errc::protocol, "a PSRP message of the host is for a server"};
    const message_row* row = find_message_row(m.type);
    const bool of_pipeline = row->target == message_target::pipeline;
    if (of_pipeline && !from && m.type != message_type::pipeline_state)
        return error{errc::protocol, "a PSRP message about a pipeline came in the stream of the pool"};
    if (!of_pipeline && m.pool != options.id && m.pool != base::uuid{})
        return error{errc::protocol, "a PSRP message is about another runspace pool"};
    // The stream says which pipeline a message is about, whatever ids stand in it: recorded hosts have others there.
    if (of_pipeline) read->pipeline = from;
    auto value = m.data.empty() ? result<clixml::value>{clixml::value{}} : clixml::read(m.data, options.values);
    if (!value) return value.error();
    return row->target == message_target::pipeline ? take_pipeline(m, *value) : take_pool(m, *value);
}

result<void> client_pool::state_type::take_pool(const message& m, const clixml::value& v)
{
    switch (m.type) {
    case message_type::session_capability: return take_capability(v);
    case message_type::runspacepool_init_data: {
        auto data = runspacepool_init_data::from_value(v);
        if (!data) return data.error();
        if (phase == pool_phase::connecting) init_data = *data;
        return {};
    }
    case message_type::application_private_data: {
        auto data = application_private_data::from_value(v);
        if (!data) return data.error();
        private_data = data->data;
        if (phase == pool_phase::opened || phase == pool_phase::disconnecting) tell(pool_private_data{private_data});
        return {};
    }
    case message_type::runspacepool_state: return take_pool_state(v);
    case message_type::runspace_availability: {
        auto said = runspace_availability::from_value(v);
        if (!said) return said.error();
        if (calls.erase(said->call) == 0)
            return error{errc::protocol, "RUNSPACE_AVAILABILITY answers a call that was not made"};
        tell(pool_answer{said->call, said->answer});
        return {};
    }
    case message_type::user_event: {
        auto event = user_event::from_value(v);
        if (!event) return event.error();
        tell(pool_user_event{std::move(*event)});
        return {};
    }
    case message_type::runspacepool_host_call: return take_host_call({}, v);
    case message_type::public_key_request: want_keys(); return {};
    case message_type::encrypted_session_key: return take_session_key(v);
    default: return error{errc::protocol, "a PSRP message that no client gets"};
    }
}

result<void> client_pool::state_type::take_capability(const clixml::value& v)
{
    auto said = session_capability::from_value(v);
    if (!said) return said.error();
    if (!is_supported(*said)) return error{errc::protocol, "the host speaks another version of PSRP"};
    if (host || !psrp::take(phase, pool_step::negotiated))
        return error{errc::protocol, "SESSION_CAPABILITY came at the wrong time"};
    host = std::move(*said);
    return {};
}

void client_pool::state_type::opened()
{
    if (!psrp::take(phase, pool_step::opened) || phase != pool_phase::opened) return;
    if (without_session_key(options.protocol_version, host->protocol_version)) key = session_key::not_encrypted();
    tell(pool_opened{*host, options.min_runspaces, options.max_runspaces, private_data});
    for (message& m : std::exchange(held, {})) normal.waiting.push(next_object++, write_message(m));
}

result<void> client_pool::state_type::take_pool_state(const clixml::value& v)
{
    auto said = runspacepool_state_message::from_value(v);
    if (!said) return said.error();
    switch (said->state) {
    case runspacepool_state::opened:
        if (phase == pool_phase::negotiated) opened();
        else if (phase == pool_phase::opening)
            return error{errc::protocol, "the runspace pool is opened before its host has said what it can"};
        return {};
    case runspacepool_state::closed:
    case runspacepool_state::broken: {
        const bool broke = said->state == runspacepool_state::broken;
        winrm::error why{errc::protocol,
                         broke ? "the runspace pool broke on the host" : "the host closed the runspace pool"};
        if (said->error) why.with_peer_text(said->error->text());
        break_pool(std::move(why), std::move(said->error), true);
        return {};
    }
    default: tell(pool_state_changed{said->state, std::move(said->error)}); return {};
    }
}

result<void> client_pool::state_type::take_session_key(const clixml::value& v)
{
    auto said = encrypted_session_key::from_value(v);
    if (!said) return said.error();
    if (!exchange || keys == key_phase::exchanged)
        return error{errc::protocol, "ENCRYPTED_SESSION_KEY came without a PUBLIC_KEY"};
    auto got = exchange->accept(said->key);
    if (!got) return got.error();
    if (!key) key = std::move(*got);
    exchange.reset();
    keys = key_phase::exchanged;
    key_deadline = base::time_point::max();
    tell(pool_keys_exchanged{});
    for (waiting_answer& a : std::exchange(answers, {})) respond(std::move(a.asked), std::move(a.content));
    return {};
}

result<void> client_pool::state_type::take_host_call(const std::optional<pipeline_id>& id, const clixml::value& v)
{
    auto call = host_call::from_value(v);
    if (!call) return call.error();
    if (call->wants_answer()) {
        std::set<std::int64_t>& open_calls = id ? pipelines.at(*id).asked : asked;
        if (!open_calls.insert(call->id).second)
            return error{errc::protocol, "a host call has the number of another one"};
    }
    tell(host_call_made{id, std::move(*call)});
    return {};
}

result<void> client_pool::state_type::take_pipeline_state(const pipeline_id& id, const clixml::value& v)
{
    auto said = pipeline_state_message::from_value(v);
    if (!said) return said.error();
    if (is_end(said->state)) end_pipeline(id, said->state, std::move(said->error), {});
    else tell(pipeline_state_changed{id, said->state, std::move(said->error), {}});
    return {};
}

result<void> client_pool::state_type::take_pipeline(const message& m, const clixml::value& v)
{
    if (!m.pipeline) return {}; // PIPELINE_STATE of a pool is ignored (MS-PSRP 3.1.5.4.21)
    const pipeline_id& id = *m.pipeline;
    const auto informational = [&](informational_kind kind) -> result<void> {
        auto record = informational_record::from_value(v, kind);
        if (!record) return record.error();
        tell(pipeline_informational{id, std::move(*record)});
        return {};
    };
    const auto tell_record = [&](auto read, auto make) -> result<void> {
        if (!read) return read.error();
        tell(make(std::move(*read)));
        return {};
    };
    switch (m.type) {
    case message_type::pipeline_output: tell(pipeline_output{id, v}); return {};
    case message_type::error_record:
        return tell_record(error_record::from_value(v), [&](error_record r) {
            return pipeline_error{id, std::move(r)};
        });
    case message_type::pipeline_state: return take_pipeline_state(id, v);
    case message_type::debug_record: return informational(informational_kind::debug);
    case message_type::verbose_record: return informational(informational_kind::verbose);
    case message_type::warning_record: return informational(informational_kind::warning);
    case message_type::progress_record:
        return tell_record(progress_record::from_value(v), [&](progress_record r) {
            return pipeline_progress{id, std::move(r)};
        });
    case message_type::information_record:
        return tell_record(information_record::from_value(v), [&](information_record r) {
            return pipeline_information{id, std::move(r)};
        });
    case message_type::pipeline_host_call: return take_host_call(id, v);
    default: return error{errc::protocol, "a PSRP message that no client gets"};
    }
}

} // namespace winrm::psrp
