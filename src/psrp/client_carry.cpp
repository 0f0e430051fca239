// What a client's pool has to be carried, and what becomes of it when the carrier has answered.
#include "psrp/client_pool_state.h"

#include "clixml/writer.h"

#include <algorithm>
#include <utility>

namespace winrm::psrp {

std::optional<carry> client_pool::poll_carry(base::time_point now) { return state_->next_order(now); }

std::optional<carry> client_pool::state_type::next_order(base::time_point now)
{
    if (auto next = first_order()) return next;
    const bool connected_now = open_answered && phase != pool_phase::disconnected &&
                               phase != pool_phase::reconnecting && phase != pool_phase::broken &&
                               phase != pool_phase::closed;
    if (connected_now && phase != pool_phase::closing && phase != pool_phase::disconnecting) {
        if (auto next = pipeline_order()) return next;
        if (auto next = data_order()) {
            if (keys == key_phase::wanted && phase == pool_phase::opened && normal.waiting.empty()) {
                keys = key_phase::sent; // PUBLIC_KEY has left
                key_deadline = now + options.key_exchange_timeout;
            }
            return next;
        }
    }
    if (connected_now && phase != pool_phase::disconnecting)
        if (auto next = close_pipeline_order()) return next;
    return last_orders();
}

std::optional<carry> client_pool::state_type::first_order()
{
    if (open_sent || (phase != pool_phase::opening && phase != pool_phase::connecting)) return std::nullopt;
    open_sent = true;
    if (phase == pool_phase::connecting) { // MS-PSRP 3.2.5.3.14 wants both messages whole; they are small
        constexpr std::size_t room = 4096;
        return give({order_kind::connect, {}, {}},
                    carry_connect{normal.waiting.take(std::max(room, options.piece_size))});
    }
    return give({order_kind::open, {}, {}}, carry_open{normal.waiting.take(options.piece_size)});
}

std::optional<carry> client_pool::state_type::pipeline_order()
{
    for (const pipeline_id& id : order_of_pipelines) {
        pipeline_entry& entry = pipelines.at(id);
        if (!entry.first_object && psrp::take(entry.phase, pipeline_step::stop_sent))
            return give({order_kind::stop, id, {}}, carry_stop{id});
    }
    if (phase != pool_phase::opened) return std::nullopt;
    for (const pipeline_id& id : order_of_pipelines) {
        pipeline_entry& entry = pipelines.at(id);
        if (!psrp::take(entry.phase, pipeline_step::start)) continue;
        entry.start_under_way = true;
        if (entry.how == start_by::connect)
            return give({order_kind::connect_pipeline, id, {}}, carry_connect_pipeline{id});
        // What was queued before (input) follows the message that makes the pipeline.
        fragmenter first;
        first.push(next_object++, write_message({destination::server, entry.first_type, options.id, id,
                                                 clixml::write(std::exchange(entry.first, {}))}));
        base::bytes fragments = first.take_of_one(options.piece_size);
        if (!first.empty()) entry.first_object = first.front();
        entry.normal.waiting.put_before(std::move(first));
        return give({order_kind::start_pipeline, id, {}}, carry_pipeline{id, std::move(fragments)});
    }
    return std::nullopt;
}

std::optional<carry> client_pool::state_type::data_of(const std::optional<pipeline_id>& id, outgoing_stream& from,
                                                      carry_stream stream)
{
    if (from.under_way || from.waiting.empty()) return std::nullopt;
    from.under_way = true;
    return give({order_kind::data, id, stream}, carry_data{id, stream, from.waiting.take(options.piece_size)});
}

std::optional<carry> client_pool::state_type::data_order()
{
    const auto may_send = [](const pipeline_entry& e) {
        return !e.start_under_way && (e.phase == pipeline_phase::running || e.phase == pipeline_phase::stopping ||
                                      (e.phase == pipeline_phase::stop_due && e.first_object));
    };
    // Answers to the host first: a pipeline waits for them.
    if (auto next = data_of({}, prompt_response, carry_stream::prompt_response)) return next;
    for (const pipeline_id& id : order_of_pipelines) {
        pipeline_entry& entry = pipelines.at(id);
        if (!may_send(entry)) continue;
        if (auto next = data_of(id, entry.prompt_response, carry_stream::prompt_response)) return next;
    }
    if (auto next = data_of({}, normal, carry_stream::normal)) return next;
    for (const pipeline_id& id : order_of_pipelines) {
        pipeline_entry& entry = pipelines.at(id);
        if (!may_send(entry)) continue;
        if (auto next = data_of(id, entry.normal, carry_stream::normal)) return next;
    }
    return std::nullopt;
}

std::optional<carry> client_pool::state_type::close_pipeline_order()
{
    for (const pipeline_id& id : order_of_pipelines) {
        pipeline_entry& entry = pipelines.at(id);
        if (entry.close != closing::due || entry.start_under_way) continue;
        entry.close = closing::under_way;
        return give({order_kind::close_pipeline, id, {}}, carry_close_pipeline{id});
    }
    return std::nullopt;
}

std::optional<carry> client_pool::state_type::last_orders()
{
    if (leaving == last_order::due) {
        const bool sending = std::any_of(orders.begin(), orders.end(), [](const auto& o) {
            return o.second.kind == order_kind::data || o.second.kind == order_kind::start_pipeline;
        });
        if (phase == pool_phase::disconnecting && !sending) { // MS-PSRP 3.1.4.9: what is being sent is finished first
            leaving = last_order::under_way;
            return give({order_kind::disconnect, {}, {}}, carry_disconnect{});
        }
        if (phase == pool_phase::reconnecting) {
            leaving = last_order::under_way;
            return give({order_kind::reconnect, {}, {}}, carry_reconnect{});
        }
    }
    const bool pipelines_left = phase == pool_phase::closing && !pipelines.empty();
    if (closing_pool != last_order::due || !open_answered || pipelines_left) return std::nullopt;
    closing_pool = last_order::under_way;
    return give({order_kind::close, {}, {}}, carry_close{});
}

void client_pool::handle_done(carry_id id)
{
    auto found = state_->orders.extract(id);
    if (!found.empty()) state_->done(found.mapped());
}

void client_pool::handle_failure(carry_id id, winrm::error why)
{
    auto found = state_->orders.extract(id);
    if (!found.empty()) state_->failed(found.mapped(), std::move(why));
}

void client_pool::state_type::connected()
{
    if (!host || !init_data) {
        break_pool({errc::protocol, "the host's answer to Connect lacks SESSION_CAPABILITY or RUNSPACEPOOL_INIT_DATA"},
                   {}, true);
        return;
    }
    options.min_runspaces = init_data->min_runspaces;
    options.max_runspaces = init_data->max_runspaces;
    opened();
}

void client_pool::state_type::done(const order& o)
{
    pipeline_entry* entry = o.pipeline ? find(*o.pipeline) : nullptr;
    switch (o.kind) {
    case order_kind::open: open_answered = true; return;
    case order_kind::connect:
        open_answered = true;
        if (phase == pool_phase::connecting) connected();
        return;
    case order_kind::connect_pipeline:
    case order_kind::start_pipeline:
        if (entry == nullptr) return;
        entry->start_under_way = false;
        if (entry->phase == pipeline_phase::ended || !psrp::take(entry->phase, pipeline_step::started)) return;
        tell(pipeline_started{*o.pipeline});
        check_input(*o.pipeline, *entry);
        return;
    case order_kind::data: {
        outgoing_stream* from = o.stream == carry_stream::normal ? &normal : &prompt_response;
        if (o.pipeline && entry == nullptr) return;
        if (entry != nullptr) from = o.stream == carry_stream::normal ? &entry->normal : &entry->prompt_response;
        from->under_way = false;
        if (entry != nullptr && o.stream == carry_stream::normal && entry->first_object &&
            (from->waiting.empty() || from->waiting.front() != *entry->first_object))
            entry->first_object.reset();
        if (entry != nullptr) check_input(*o.pipeline, *entry);
        return;
    }
    case order_kind::stop: return; // PIPELINE_STATE tells
    case order_kind::close_pipeline:
        pipelines.erase(*o.pipeline);
        std::erase(order_of_pipelines, *o.pipeline);
        return;
    case order_kind::close: finish_closing(); return;
    case order_kind::disconnect:
        leaving = last_order::none;
        if (phase != pool_phase::disconnecting || !psrp::take(phase, pool_step::left)) return;
        for (const auto& [id, p] : pipelines)
            if (p.phase != pipeline_phase::ended && p.phase != pipeline_phase::queued)
                tell(pipeline_state_changed{id, invocation_state::disconnected, {}, {}});
        tell(pool_disconnected{});
        return;
    case order_kind::reconnect:
        leaving = last_order::none;
        if (phase != pool_phase::reconnecting || !psrp::take(phase, pool_step::opened)) return;
        tell(pool_reconnected{});
        for (const auto& [id, p] : pipelines)
            if (p.phase != pipeline_phase::ended && p.phase != pipeline_phase::queued)
                tell(pipeline_state_changed{id, invocation_state::running, {}, {}});
        return;
    }
}

void client_pool::state_type::failed(const order& o, winrm::error why)
{
    switch (o.kind) {
    case order_kind::open:
    case order_kind::connect: break_pool(std::move(why), {}, false); return;
    case order_kind::data:
        if (!o.pipeline) {
            break_pool(std::move(why), {}, true);
            return;
        }
        [[fallthrough]];
    case order_kind::connect_pipeline:
    case order_kind::start_pipeline:
    case order_kind::stop:
        if (pipeline_entry* entry = find(*o.pipeline)) {
            const bool never_began = o.kind == order_kind::start_pipeline || o.kind == order_kind::connect_pipeline;
            entry->start_under_way = false;
            end_pipeline(*o.pipeline, invocation_state::failed, {}, std::move(why));
            if (!never_began) return;
            pipelines.erase(*o.pipeline);
            std::erase(order_of_pipelines, *o.pipeline);
        }
        return;
    case order_kind::close_pipeline: // it is gone there, or will be with the pool
        pipelines.erase(*o.pipeline);
        std::erase(order_of_pipelines, *o.pipeline);
        return;
    case order_kind::close: finish_closing(); return;
    case order_kind::disconnect:
        leaving = last_order::none;
        if (phase == pool_phase::disconnecting && psrp::take(phase, pool_step::refused))
            tell(pool_state_changed{runspacepool_state::opened, error_record::make(why.message(), "DisconnectFailed",
                                                                                   error_category::invalid_operation)});
        return;
    case order_kind::reconnect:
        leaving = last_order::none;
        break_pool(std::move(why), {}, false);
        return;
    }
}

} // namespace winrm::psrp
