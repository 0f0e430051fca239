// What a client says to a server's pool (MS-PSRP 3.2.5.4).
#include "psrp/server_pool_state.h"

#include <utility>

namespace winrm::psrp {
namespace {

bool is_supported(const session_capability& c)
{
    return c.protocol_version.starts_with("2.") && c.serialization_version.starts_with("1.1");
}

winrm::error wrong_time(std::string_view what)
{
    return {errc::protocol, std::string{what} + " came at the wrong time"};
}

error_record failure(const winrm::error& why)
{
    return error_record::make(why.message(), "RemotePSInvocationStateInfoReason", error_category::protocol_error,
                              "System.Management.Automation.Remoting.PSRemotingTransportException");
}

} // namespace

result<void> server_pool::received(const std::optional<base::uuid>& pipeline, carry_stream stream,
                                   base::bytes_view bytes)
{
    state_type& s = *state_;
    if (s.phase == server_pool_phase::closed || s.phase == server_pool_phase::broken)
        return winrm::error{errc::protocol, "the runspace pool is closed"};
    if (pipeline && s.phase != server_pool_phase::opened) return wrong_time("a pipeline's message");
    if (!pipeline) {
        defragmenter& from = stream == carry_stream::normal ? s.normal : s.prompt_response;
        auto done = from.push(bytes);
        if (done) done = s.take_all({}, from);
        if (!done) s.break_pool(done.error());
        return done;
    }
    if (s.find(*pipeline) == nullptr) {
        if (stream != carry_stream::normal)
            return winrm::error{errc::protocol, "an answer for a pipeline that there is not"};
        if (s.pipelines.size() >= s.options.most_pipelines)
            return winrm::error{errc::too_large, "there are more pipelines than the limit"};
        state_type::pipeline_entry entry;
        entry.normal = entry.prompt_response = defragmenter{s.options.limits};
        s.pipelines.emplace(*pipeline, std::move(entry));
    }
    auto& entry = *s.find(*pipeline);
    defragmenter& from = stream == carry_stream::normal ? entry.normal : entry.prompt_response;
    auto done = from.push(bytes);
    if (done) done = s.take_all(pipeline, from);
    // The rest of the session is unharmed.
    if (!done) s.finish(*pipeline, invocation_state::failed, failure(done.error()));
    return done;
}

result<void> server_pool::state_type::take_all(const std::optional<pipeline_id>& pipeline, defragmenter& from)
{
    while (auto bytes = from.poll()) {
        auto m = read_message(std::move(*bytes));
        if (!m) return m.error();
        if (auto taken = take(pipeline, std::move(*m)); !taken) return taken;
        if (phase == server_pool_phase::broken) return {};
    }
    return {};
}

result<void> server_pool::state_type::take(const std::optional<pipeline_id>& stream, message m)
{
    if (m.destination != destination::server)
        return winrm::error{errc::protocol, "a PSRP message of the client is for a client"};
    const bool first = m.type == message_type::session_capability && !id;
    if (!first && m.pool != id) return winrm::error{errc::protocol, "a PSRP message is about another runspace pool"};
    const bool of_pipeline = find_message_row(m.type)->target == message_target::pipeline;
    if (of_pipeline != stream.has_value() || (of_pipeline && m.pipeline != stream))
        return winrm::error{errc::protocol, "a PSRP message came in the stream of something else"};
    auto content = read_content(m, options.values);
    if (!content) return content.error();
    return of_pipeline ? take_pipeline(*stream, *content) : take_pool(m, *content);
}

result<void> server_pool::state_type::take_capability(const message& m, const session_capability& said)
{
    if (!is_supported(said)) return winrm::error{errc::protocol, "the client speaks another version of PSRP"};
    if (!psrp::take(phase, server_pool_step::capability)) return wrong_time("SESSION_CAPABILITY");
    id = m.pool;
    client = said;
    send(message_type::session_capability, {}, own_capability().to_value());
    return {};
}

result<void> server_pool::state_type::take_counts(const message_content& content)
{
    std::int64_t call = 0;
    bool done = false;
    if (const auto* most = std::get_if<set_max_runspaces>(&content)) {
        call = most->call;
        done = most->max_runspaces >= min_runspaces && most->max_runspaces <= options.most_runspaces;
        if (done) max_runspaces = most->max_runspaces;
    } else if (const auto* least = std::get_if<set_min_runspaces>(&content)) {
        call = least->call;
        done = least->min_runspaces >= 1 && least->min_runspaces <= max_runspaces;
        if (done) min_runspaces = least->min_runspaces;
    }
    send(message_type::runspace_availability, {}, runspace_availability{call, done}.to_value());
    start_waiting();
    return {};
}

result<void> server_pool::state_type::take_pool(const message& m, const message_content& content)
{
    if (const auto* said = std::get_if<session_capability>(&content)) return take_capability(m, *said);
    if (const auto* init = std::get_if<init_runspacepool>(&content)) {
        const bool sane = init->min_runspaces >= 1 && init->max_runspaces >= init->min_runspaces &&
                          init->max_runspaces <= options.most_runspaces;
        if (!sane)
            return winrm::error{errc::protocol, "INIT_RUNSPACEPOOL asks for a number of runspaces that cannot be"};
        if (!psrp::take(phase, server_pool_step::init)) return wrong_time("INIT_RUNSPACEPOOL");
        min_runspaces = init->min_runspaces;
        max_runspaces = init->max_runspaces;
        events.push_back(opening_asked{client, *init});
        return {};
    }
    if (phase != server_pool_phase::opened) return wrong_time(name(m.type));
    if (const auto* asked_count = std::get_if<get_available_runspaces>(&content)) {
        const std::int64_t free = std::max(0, max_runspaces - running);
        send(message_type::runspace_availability, {}, runspace_availability{asked_count->call, free}.to_value());
        return {};
    }
    if (const auto* reset = std::get_if<reset_runspace_state>(&content)) {
        resets.insert(reset->call);
        events.push_back(reset_asked{reset->call});
        return {};
    }
    if (const auto* k = std::get_if<public_key>(&content)) {
        session_key made = session_key::random(random);
        auto encrypted = made.encrypt_for(k->key);
        if (!encrypted) return encrypted.error();
        if (!key) key = std::move(made);
        send(message_type::encrypted_session_key, {}, encrypted_session_key{std::move(*encrypted)}.to_value());
        events.push_back(server_keys_exchanged{});
        return {};
    }
    if (const auto* r = std::get_if<host_response>(&content)) return take_response({}, *r);
    if (m.type == message_type::set_max_runspaces || m.type == message_type::set_min_runspaces)
        return take_counts(content);
    return wrong_time(name(m.type)); // CONNECT_RUNSPACEPOOL comes by connect()
}

result<void> server_pool::state_type::take_response(const std::optional<pipeline_id>& pipeline, const host_response& r)
{
    std::set<std::int64_t>& open_calls = pipeline ? find(*pipeline)->asked : asked;
    if (open_calls.erase(r.id) == 0)
        return winrm::error{errc::protocol, "a host response answers a call that was not made"};
    events.push_back(host_answered{pipeline, r});
    return {};
}

result<void> server_pool::state_type::take_pipeline(const pipeline_id& pipeline, const message_content& content)
{
    pipeline_entry& entry = *find(pipeline);
    const bool is_new = entry.phase == run_phase::waiting && !entry.what;
    if (entry.phase == run_phase::ended) return {}; // on its way when it ended
    if (const auto* asked_pipeline = std::get_if<psrp::pipeline>(&content)) {
        if (!is_new) return wrong_time("CREATE_PIPELINE");
        if (asked_pipeline->commands.empty()) return winrm::error{errc::protocol, "CREATE_PIPELINE has no commands"};
        entry.takes_input = asked_pipeline->takes_input;
        entry.what = *asked_pipeline;
    } else if (const auto* metadata = std::get_if<get_command_metadata>(&content)) {
        if (!is_new) return wrong_time("GET_COMMAND_METADATA");
        entry.what = *metadata;
    } else if (is_new) {
        return winrm::error{errc::protocol, "a message for a pipeline that there is not"};
    } else if (const auto* r = std::get_if<host_response>(&content)) {
        return take_response(pipeline, *r);
    } else if (!entry.takes_input) {
        return winrm::error{errc::protocol, "input for a pipeline that takes none, or after its end"};
    } else if (const auto* in = std::get_if<pipeline_input_object>(&content)) {
        (entry.phase == run_phase::running ? events : entry.early).push_back(input_came{pipeline, in->value});
        return {};
    } else {
        entry.takes_input = false;
        (entry.phase == run_phase::running ? events : entry.early).push_back(input_ended{pipeline});
        return {};
    }
    pending.push_back(pipeline);
    start_waiting();
    return {};
}

result<base::bytes> server_pool::connect(base::bytes_view fragments)
{
    // MS-PSRP 3.2.5.3.14: both messages, whole.
    state_type& s = *state_;
    if (s.phase != server_pool_phase::disconnected && s.phase != server_pool_phase::opened)
        return wrong_time("Connect");
    defragmenter from{s.options.limits};
    if (auto pushed = from.push(fragments); !pushed) return pushed.error();
    session_capability said;
    connect_runspacepool wanted;
    for (const message_type type : {message_type::session_capability, message_type::connect_runspacepool}) {
        auto bytes = from.poll();
        if (!bytes) return winrm::error{errc::protocol, "Connect lacks SESSION_CAPABILITY or CONNECT_RUNSPACEPOOL"};
        auto m = read_message(std::move(*bytes));
        if (!m) return m.error();
        if (m->type != type || m->pool != s.id) return winrm::error{errc::protocol, "Connect is about something else"};
        auto content = read_content(*m, s.options.values);
        if (!content) return content.error();
        if (auto* c = std::get_if<session_capability>(&*content)) said = std::move(*c);
        if (auto* c = std::get_if<connect_runspacepool>(&*content)) wanted = *c;
    }
    if (!is_supported(said)) return winrm::error{errc::protocol, "the client speaks another version of PSRP"};
    // The specification wants the client's numbers to be the pool's where it gives them.
    if (wanted.max_runspaces.value_or(s.max_runspaces) != s.max_runspaces ||
        wanted.min_runspaces.value_or(s.min_runspaces) != s.min_runspaces)
        return winrm::error{errc::protocol, "Connect asks for another number of runspaces"};
    take(s.phase, server_pool_step::connect);
    s.client = said;
    s.normal = s.prompt_response = defragmenter{s.options.limits};
    for (auto& [id, entry] : s.pipelines) entry.normal = entry.prompt_response = defragmenter{s.options.limits};
    fragmenter answer;
    const auto put = [&](message_type type, const clixml::value& v) {
        answer.push(s.next_object++, write_message({destination::client, type, *s.id, {}, clixml::write(v)}));
    };
    put(message_type::session_capability, s.own_capability().to_value());
    put(message_type::runspacepool_init_data, runspacepool_init_data{s.min_runspaces, s.max_runspaces}.to_value());
    s.send(message_type::application_private_data, {},
           application_private_data{s.options.application_private_data}.to_value());
    s.events.push_back(client_came{});
    base::bytes out;
    while (!answer.empty()) out += answer.take(s.options.piece_size);
    return out;
}

} // namespace winrm::psrp
