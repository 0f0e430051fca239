#include "psrp/client_pool_state.h"

#include "clixml/writer.h"

#include <algorithm>
#include <utility>

namespace winrm::psrp {

void client_pool::state_type::queue(message_type type, const std::optional<pipeline_id>& pipeline, carry_stream stream,
                                    base::bytes data)
{
    message m{destination::server, type, options.id, pipeline, std::move(data)};
    const bool early = type == message_type::session_capability || type == message_type::init_runspacepool ||
                       type == message_type::connect_runspacepool || type == message_type::runspacepool_host_response;
    if (!pipeline && !early && phase != pool_phase::opened) {
        held.push_back(std::move(m));
        return;
    }
    outgoing_stream* to = stream == carry_stream::normal ? &normal : &prompt_response;
    if (pipeline) {
        pipeline_entry& entry = pipelines.at(*pipeline);
        to = stream == carry_stream::normal ? &entry.normal : &entry.prompt_response;
    }
    to->waiting.push(next_object++, write_message(m));
}

client_pool::state_type::pipeline_entry* client_pool::state_type::find(const pipeline_id& id)
{
    const auto found = pipelines.find(id);
    return found == pipelines.end() ? nullptr : &found->second;
}

void client_pool::state_type::add(const pipeline_id& id, pipeline_entry entry)
{
    entry.incoming = defragmenter{options.limits};
    pipelines.insert_or_assign(id, std::move(entry));
    order_of_pipelines.push_back(id);
    const bool over = phase == pool_phase::closing || phase == pool_phase::closed || phase == pool_phase::broken;
    if (over) end_pipeline(id, invocation_state::failed, {}, error{errc::cancelled, "the runspace pool is closed"});
}

void client_pool::state_type::end_pipeline(const pipeline_id& id, invocation_state as,
                                           std::optional<error_record> reason, std::optional<winrm::error> why)
{
    pipeline_entry* entry = find(id);
    if (entry == nullptr || entry->phase == pipeline_phase::ended) return;
    const bool host_has_it = entry->phase != pipeline_phase::queued;
    psrp::take(entry->phase, pipeline_step::end);
    entry->normal.waiting.clear();
    entry->prompt_response.waiting.clear();
    entry->takes_input = false;
    entry->asked.clear();
    tell(pipeline_state_changed{id, as, std::move(reason), std::move(why)});
    if (host_has_it && entry->close == closing::not_needed) entry->close = closing::due;
    if (!host_has_it) {
        pipelines.erase(id);
        std::erase(order_of_pipelines, id);
    }
}

void client_pool::state_type::end_all(invocation_state as, const std::optional<winrm::error>& why)
{
    const std::vector<pipeline_id> all = order_of_pipelines;
    for (const pipeline_id& id : all) end_pipeline(id, as, {}, why);
}

void client_pool::state_type::break_pool(winrm::error why, std::optional<error_record> reason, bool tidy_up)
{
    if (phase == pool_phase::closed || phase == pool_phase::broken) return;
    const bool was_closing = phase == pool_phase::closing;
    if (!psrp::take(phase, pool_step::gone)) phase = pool_phase::broken;
    end_all(invocation_state::failed, why);
    pipelines.clear();
    order_of_pipelines.clear();
    normal.waiting.clear();
    prompt_response.waiting.clear();
    held.clear();
    answers.clear();
    asked.clear();
    key_deadline = base::time_point::max();
    const bool close_sent = closing_pool == last_order::under_way;
    closing_pool = tidy_up && open_answered && !close_sent ? last_order::due : last_order::none;
    leaving = last_order::none;
    if (was_closing) tell(pool_closed{});
    else tell(pool_broken{std::move(why), std::move(reason)});
}

void client_pool::state_type::finish_closing()
{
    if (!psrp::take(phase, pool_step::ended)) return;
    pipelines.clear();
    order_of_pipelines.clear();
    closing_pool = last_order::none;
    key_deadline = base::time_point::max();
    tell(pool_closed{});
}

void client_pool::state_type::check_input(const pipeline_id& id, pipeline_entry& entry)
{
    if (entry.phase != pipeline_phase::running || !entry.takes_input || entry.input_wanted) return;
    if (entry.normal.waiting.size() >= options.input_high_water) return;
    entry.input_wanted = true;
    tell(input_wanted{id});
}

void client_pool::state_type::want_keys()
{
    if (exchange || (key && key->encrypts())) return;
    keys = key_phase::wanted;
    exchange.emplace();
    queue(message_type::public_key, {}, carry_stream::normal,
          clixml::write(public_key{exchange->public_key_text()}.to_value()));
}

client_pool::client_pool(client_pool_options options, base::random_source random)
    : state_{std::make_unique<state_type>(std::move(options), std::move(random))}
{
    set_piece_size(state_->options.piece_size);
}
client_pool::~client_pool() = default;
client_pool::client_pool(client_pool&&) noexcept = default;
client_pool& client_pool::operator=(client_pool&&) noexcept = default;

namespace {
session_capability own_capability(const client_pool_options& o)
{
    session_capability c;
    c.protocol_version = o.protocol_version;
    return c;
}
} // namespace

void client_pool::open()
{
    state_type& s = *state_;
    if (!take(s.phase, pool_step::open)) return;
    s.queue(message_type::session_capability, {}, carry_stream::normal,
            clixml::write(own_capability(s.options).to_value()));
    const init_runspacepool init{s.options.min_runspaces, s.options.max_runspaces, s.options.threads,
                                 s.options.apartment,     s.options.host,          s.options.application_arguments};
    s.queue(message_type::init_runspacepool, {}, carry_stream::normal, clixml::write(init.to_value()));
}

void client_pool::connect()
{
    state_type& s = *state_;
    if (!take(s.phase, pool_step::connect)) return;
    s.queue(message_type::session_capability, {}, carry_stream::normal,
            clixml::write(own_capability(s.options).to_value()));
    s.queue(message_type::connect_runspacepool, {}, carry_stream::normal,
            clixml::write(connect_runspacepool{}.to_value()));
}

base::uuid client_pool::run(pipeline what, const std::optional<base::uuid>& given)
{
    const base::uuid id = given ? *given : base::uuid::random(state_->random);
    state_type::pipeline_entry entry;
    entry.first = what.to_value();
    entry.takes_input = what.takes_input;
    state_->add(id, std::move(entry));
    return id;
}

base::uuid client_pool::get_commands(get_command_metadata what, const std::optional<base::uuid>& given)
{
    const base::uuid id = given ? *given : base::uuid::random(state_->random);
    state_type::pipeline_entry entry;
    entry.first_type = message_type::get_command_metadata;
    entry.first = what.to_value();
    state_->add(id, std::move(entry));
    return id;
}

void client_pool::connect_pipeline(const base::uuid& pipeline, bool takes_input)
{
    if (state_->find(pipeline) != nullptr) return;
    state_type::pipeline_entry entry;
    entry.how = state_type::start_by::connect;
    entry.takes_input = takes_input;
    state_->add(pipeline, std::move(entry));
}

void client_pool::send_input(const base::uuid& pipeline, const clixml::value& value)
{
    auto* entry = state_->find(pipeline);
    if (entry == nullptr || !entry->takes_input) return;
    entry->input_wanted = false;
    state_->queue(message_type::pipeline_input, pipeline, carry_stream::normal, clixml::write(value));
    state_->check_input(pipeline, *entry);
}

void client_pool::end_input(const base::uuid& pipeline)
{
    auto* entry = state_->find(pipeline);
    if (entry == nullptr || !entry->takes_input) return;
    entry->takes_input = false;
    state_->queue(message_type::end_of_pipeline_input, pipeline, carry_stream::normal, "");
}

void client_pool::stop(const base::uuid& pipeline)
{
    auto* entry = state_->find(pipeline);
    if (entry == nullptr) return;
    if (entry->phase == pipeline_phase::queued) state_->end_pipeline(pipeline, invocation_state::stopped, {}, {});
    else take(entry->phase, pipeline_step::stop);
}

namespace {
template <class Message> base::bytes text_of(const Message& m) { return clixml::write(m.to_value()); }
} // namespace

std::int64_t client_pool::set_max_runspaces(std::int32_t count)
{
    const std::int64_t call = state_->next_call++;
    state_->calls.insert(call);
    state_->queue(message_type::set_max_runspaces, {}, carry_stream::normal,
                  text_of(psrp::set_max_runspaces{call, count}));
    return call;
}

std::int64_t client_pool::set_min_runspaces(std::int32_t count)
{
    const std::int64_t call = state_->next_call++;
    state_->calls.insert(call);
    state_->queue(message_type::set_min_runspaces, {}, carry_stream::normal,
                  text_of(psrp::set_min_runspaces{call, count}));
    return call;
}

std::int64_t client_pool::available_runspaces()
{
    const std::int64_t call = state_->next_call++;
    state_->calls.insert(call);
    state_->queue(message_type::get_available_runspaces, {}, carry_stream::normal,
                  text_of(get_available_runspaces{call}));
    return call;
}

std::int64_t client_pool::reset_runspace_state()
{
    const std::int64_t call = state_->next_call++;
    state_->calls.insert(call);
    state_->queue(message_type::reset_runspace_state, {}, carry_stream::normal,
                  text_of(psrp::reset_runspace_state{call}));
    return call;
}

void client_pool::disconnect()
{
    if (take(state_->phase, pool_step::disconnect)) state_->leaving = state_type::last_order::due;
}

void client_pool::reconnect()
{
    if (take(state_->phase, pool_step::reconnect)) state_->leaving = state_type::last_order::due;
}

void client_pool::close()
{
    state_type& s = *state_;
    const bool host_has_it = s.open_sent;
    const pool_phase before = s.phase;
    if (!take(s.phase, pool_step::close)) return;
    s.end_all(invocation_state::stopped, error{errc::cancelled, "the runspace pool is closed"});
    s.held.clear();
    s.normal.waiting.clear();
    s.prompt_response.waiting.clear();
    if (before == pool_phase::disconnected || before == pool_phase::reconnecting) { // they go with the pool
        s.pipelines.clear();
        s.order_of_pipelines.clear();
    }
    if (before == pool_phase::before_open) s.tell(pool_closed{});
    else if (host_has_it) s.closing_pool = state_type::last_order::due;
    else s.finish_closing();
}

std::optional<pool_event> client_pool::poll_event()
{
    if (state_->events.empty()) return std::nullopt;
    pool_event next = std::move(state_->events.front());
    state_->events.pop_front();
    return next;
}

void client_pool::set_piece_size(std::size_t octets)
{
    constexpr std::size_t least = 64;
    state_->options.piece_size = std::max(octets, least);
}

void client_pool::handle_timeout(base::time_point now)
{
    if (now < state_->key_deadline) return;
    // MS-PSRP 3.1.6: the pool is closed then.
    state_->break_pool({errc::timeout, "the host did not answer the exchange of keys in time"}, {}, true);
}

void client_pool::handle_lost(winrm::error why)
{
    if (state_->phase == pool_phase::closing) state_->finish_closing();
    else state_->break_pool(std::move(why), {}, false);
    state_->closing_pool = state_type::last_order::none;
}

base::time_point client_pool::deadline() const noexcept { return state_->key_deadline; }
runspacepool_state client_pool::state() const noexcept { return state_of(state_->phase); }
const base::uuid& client_pool::id() const noexcept { return state_->options.id; }

std::optional<invocation_state> client_pool::pipeline_state(const base::uuid& pipeline) const noexcept
{
    const auto* entry = state_->find(pipeline);
    if (entry == nullptr || entry->phase == pipeline_phase::ended) return std::nullopt;
    return state_of(entry->phase);
}

bool client_pool::finished() const noexcept
{
    return state_->phase == pool_phase::closed || state_->phase == pool_phase::broken;
}

bool client_pool::wants_output(const std::optional<base::uuid>& pipeline) const noexcept
{
    const state_type& s = *state_;
    const bool reachable = s.open_answered && !finished() && s.phase != pool_phase::disconnected &&
                           s.phase != pool_phase::reconnecting && s.phase != pool_phase::closing;
    if (!pipeline || !reachable) return reachable;
    const auto* entry = state_->find(*pipeline);
    return entry != nullptr && entry->phase != pipeline_phase::ended && entry->phase != pipeline_phase::queued &&
           !entry->start_under_way;
}

} // namespace winrm::psrp
