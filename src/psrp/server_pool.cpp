#include "psrp/server_pool_state.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace winrm::psrp {

void server_pool::state_type::send(message_type type, const std::optional<pipeline_id>& pipeline,
                                   const clixml::value& v)
{
    fragmenter* to = &out;
    if (pipeline) {
        pipeline_entry* entry = find(*pipeline);
        if (entry == nullptr) return;
        to = &entry->out;
    }
    to->push(next_object++,
             write_message({destination::client, type, id.value_or(base::uuid{}), pipeline, clixml::write(v)}));
}

server_pool::state_type::pipeline_entry* server_pool::state_type::find(const pipeline_id& pipeline)
{
    const auto found = pipelines.find(pipeline);
    return found == pipelines.end() ? nullptr : &found->second;
}

void server_pool::state_type::start_waiting()
{
    while (!pending.empty() && running < max_runspaces) {
        const pipeline_id next = pending.front();
        pending.pop_front();
        pipeline_entry* entry = find(next);
        if (entry == nullptr || entry->phase != run_phase::waiting || !entry->what) continue;
        entry->phase = run_phase::running;
        ++running;
        events.push_back(pipeline_asked{next, std::move(*entry->what)});
        entry->what.reset();
        for (server_event& e : std::exchange(entry->early, {})) events.push_back(std::move(e));
    }
}

void server_pool::state_type::finish(const pipeline_id& pipeline, invocation_state as,
                                     const std::optional<error_record>& why)
{
    pipeline_entry* entry = find(pipeline);
    if (entry == nullptr || entry->phase == run_phase::ended) return;
    if (entry->phase == run_phase::running) --running;
    entry->phase = run_phase::ended;
    entry->asked.clear();
    send(message_type::pipeline_state, pipeline, pipeline_state_message{as, why}.to_value());
    start_waiting();
}

void server_pool::state_type::break_pool(const winrm::error& why)
{
    if (!psrp::take(phase, server_pool_step::gone)) return;
    const auto record =
        error_record::make(why.message(), "RemoteRunspaceStateInfoReason", error_category::protocol_error,
                           "System.Management.Automation.Remoting.PSRemotingTransportException");
    send(message_type::runspacepool_state, {},
         runspacepool_state_message{runspacepool_state::broken, record}.to_value());
    pending.clear();
    running = 0;
    pipelines.clear();
    events.push_back(server_pool_closed{why});
}

session_capability server_pool::state_type::own_capability() const
{
    session_capability own;
    // Both are "2." and a number: the client's, where it is older.
    const auto minor = [](const std::string& v) { return std::atoi(v.c_str() + std::min<std::size_t>(2, v.size())); };
    own.protocol_version = minor(client.protocol_version) < minor(options.protocol_version) ? client.protocol_version
                                                                                            : options.protocol_version;
    return own;
}

server_pool::server_pool(server_pool_options options, base::random_source random)
    : state_{std::make_unique<state_type>(std::move(options), std::move(random))}
{}
server_pool::~server_pool() = default;
server_pool::server_pool(server_pool&&) noexcept = default;
server_pool& server_pool::operator=(server_pool&&) noexcept = default;

void server_pool::stop(const base::uuid& pipeline)
{
    auto* entry = state_->find(pipeline);
    if (entry == nullptr) return;
    if (entry->phase == state_type::run_phase::waiting) state_->finish(pipeline, invocation_state::stopped, {});
    else if (entry->phase == state_type::run_phase::running) state_->events.push_back(stop_asked{pipeline});
}

void server_pool::close_pipeline(const base::uuid& pipeline)
{
    auto* entry = state_->find(pipeline);
    if (entry == nullptr) return;
    if (entry->phase == state_type::run_phase::running) {
        state_->events.push_back(stop_asked{pipeline});
        --state_->running;
    }
    std::erase(state_->pending, pipeline);
    state_->pipelines.erase(pipeline);
    state_->start_waiting();
}

void server_pool::disconnect()
{
    if (take(state_->phase, server_pool_step::leave)) state_->events.push_back(client_left{});
}

void server_pool::reconnect()
{
    if (state_->phase == server_pool_phase::disconnected && take(state_->phase, server_pool_step::connect))
        state_->events.push_back(client_came{});
}

void server_pool::close()
{
    if (!take(state_->phase, server_pool_step::close)) return;
    for (auto& [id, entry] : state_->pipelines)
        if (entry.phase == state_type::run_phase::running) state_->events.push_back(stop_asked{id});
    state_->pipelines.clear();
    state_->pending.clear();
    state_->running = 0;
    state_->events.push_back(server_pool_closed{});
}

std::optional<server_output> server_pool::poll_output()
{
    state_type& s = *state_;
    if (s.phase == server_pool_phase::disconnected || s.phase == server_pool_phase::closed) return std::nullopt;
    if (!s.out.empty()) return server_output{{}, s.out.take(s.options.piece_size)};
    for (auto& [id, entry] : s.pipelines)
        if (!entry.out.empty()) return server_output{id, entry.out.take(s.options.piece_size)};
    return std::nullopt;
}

void server_pool::opened()
{
    if (!take(state_->phase, server_pool_step::opened)) return;
    if (without_session_key(state_->client.protocol_version, state_->options.protocol_version))
        state_->key = session_key::not_encrypted();
    state_->send(message_type::application_private_data, {},
                 application_private_data{state_->options.application_private_data}.to_value());
    state_->send(message_type::runspacepool_state, {},
                 runspacepool_state_message{runspacepool_state::opened, {}}.to_value());
}

void server_pool::refuse(error_record why)
{
    state_type& s = *state_;
    if (s.phase != server_pool_phase::opening) return;
    winrm::error said{errc::protocol, "the application refused the runspace pool"};
    take(s.phase, server_pool_step::gone);
    s.send(message_type::runspacepool_state, {},
           runspacepool_state_message{runspacepool_state::broken, std::move(why)}.to_value());
    s.events.push_back(server_pool_closed{std::move(said)});
}

void server_pool::output(const base::uuid& pipeline, const clixml::value& value)
{
    auto* entry = state_->find(pipeline);
    if (entry != nullptr && entry->phase == state_type::run_phase::running)
        state_->send(message_type::pipeline_output, pipeline, value);
}

void server_pool::error(const base::uuid& pipeline, const error_record& record)
{
    auto* entry = state_->find(pipeline);
    if (entry != nullptr && entry->phase == state_type::run_phase::running)
        state_->send(message_type::error_record, pipeline, record.to_value());
}

void server_pool::informational(const base::uuid& pipeline, const informational_record& record)
{
    auto* entry = state_->find(pipeline);
    if (entry == nullptr || entry->phase != state_type::run_phase::running) return;
    const message_type type = record.kind == informational_kind::debug     ? message_type::debug_record
                              : record.kind == informational_kind::verbose ? message_type::verbose_record
                                                                           : message_type::warning_record;
    state_->send(type, pipeline, record.to_value());
}

void server_pool::information(const base::uuid& pipeline, const information_record& record)
{
    auto* entry = state_->find(pipeline);
    const bool known_to_client = state_->client.protocol_version != "2.1" && state_->client.protocol_version != "2.2";
    if (entry != nullptr && entry->phase == state_type::run_phase::running && known_to_client) // MS-PSRP 2.2.2.26
        state_->send(message_type::information_record, pipeline, record.to_value());
}

void server_pool::progress(const base::uuid& pipeline, const progress_record& record)
{
    auto* entry = state_->find(pipeline);
    if (entry != nullptr && entry->phase == state_type::run_phase::running)
        state_->send(message_type::progress_record, pipeline, record.to_value());
}

void server_pool::end(const base::uuid& pipeline, invocation_state as, const std::optional<error_record>& why)
{
    if (is_end(as)) state_->finish(pipeline, as, why);
}

std::int64_t server_pool::call_host(const std::optional<base::uuid>& pipeline, host_method method,
                                    std::vector<clixml::value> parameters)
{
    constexpr std::int64_t no_answer = -100; // what PowerShell numbers calls with that return nothing
    state_type& s = *state_;
    host_call call{no_answer, method, std::move(parameters)};
    auto* entry = pipeline ? s.find(*pipeline) : nullptr;
    if (pipeline && (entry == nullptr || entry->phase != state_type::run_phase::running)) return 0;
    if (call.wants_answer()) {
        call.id = s.next_call++;
        (entry != nullptr ? entry->asked : s.asked).insert(call.id);
    }
    s.send(pipeline ? message_type::pipeline_host_call : message_type::runspacepool_host_call, pipeline,
           call.to_value());
    return call.id == no_answer ? 0 : call.id;
}

void server_pool::tell_event(const user_event& event) { state_->send(message_type::user_event, {}, event.to_value()); }

void server_pool::answer_reset(std::int64_t call, bool done)
{
    if (state_->resets.erase(call) > 0)
        state_->send(message_type::runspace_availability, {}, runspace_availability{call, done}.to_value());
}

void server_pool::request_keys()
{
    if (state_->key) state_->events.push_back(server_keys_exchanged{});
    else state_->send(message_type::public_key_request, {}, public_key_request{}.to_value());
}

result<clixml::value> server_pool::protect(base::bytes_view text) const
{
    if (!state_->key) return winrm::error{errc::bad_argument, "no keys have been exchanged with the client yet"};
    return state_->key->protect(text);
}

result<base::secret> server_pool::reveal(const clixml::value& secure_string) const
{
    if (!state_->key) return winrm::error{errc::bad_argument, "no keys have been exchanged with the client yet"};
    return state_->key->reveal(secure_string);
}

std::optional<server_event> server_pool::poll_event()
{
    if (state_->events.empty()) return std::nullopt;
    server_event next = std::move(state_->events.front());
    state_->events.pop_front();
    return next;
}

runspacepool_state server_pool::state() const noexcept { return state_of(state_->phase); }
std::optional<base::uuid> server_pool::id() const noexcept { return state_->id; }
std::int32_t server_pool::available() const noexcept { return std::max(0, state_->max_runspaces - state_->running); }

} // namespace winrm::psrp
