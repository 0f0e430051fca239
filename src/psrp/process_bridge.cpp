#include "psrp/process_bridge.h"

#include <algorithm>
#include <utility>

namespace winrm::psrp {
namespace {

packet_kind ack_of(packet_kind k) { return static_cast<packet_kind>(static_cast<unsigned>(k) | 1U); }

/// What may take as long as a script wants.
bool may_take_long(packet_kind k) { return k == packet_kind::signal || k == packet_kind::close; }

} // namespace

base::bytes_view text_of(bridge_end why) noexcept
{
    switch (why) {
    case bridge_end::exited: return "PowerShell has ended.";
    case bridge_end::error: return "PowerShell has told an error of its connection.";
    case bridge_end::closed: return "PowerShell has closed the runspace pool.";
    case bridge_end::broken: return "The runspace pool is broken.";
    case bridge_end::junk: return "PowerShell wrote what is no packet of its protocol.";
    case bridge_end::silent: return "PowerShell does not answer.";
    case bridge_end::over_quota: return "What was sent is no PSRP, or more than is allowed.";
    }
    return {};
}

process_bridge::process_bridge(bridge_options options) : options_(options), reader_(options.max_line) {}

process_bridge::conversation* process_bridge::known(const base::uuid& guid)
{
    const auto at = conversations_.find(guid.text());
    return at == conversations_.end() ? nullptr : &at->second;
}

process_bridge::conversation* process_bridge::find(const base::uuid& guid)
{
    conversation* const c = known(guid);
    return c != nullptr && c->next ? c->next.get() : c;
}

/// Counts and looks; what is too much ends the shell, as Windows ends it (MaximumReceivedObjectSize).
bool process_bridge::allowed(conversation& c, base::bytes_view bytes)
{
    c.received += bytes.size();
    const bool too_much = !is_pool(c.guid) && options_.max_received != 0 && c.received > options_.max_received;
    // Only the stream of ordinary messages is watched: it has borders of its own, apart from those of the other.
    if (too_much || !c.to_process.pass(bytes)) {
        end(bridge_end::over_quota, {});
        return false;
    }
    while (c.to_process.poll()) {}
    return true;
}

bool process_bridge::open(const base::uuid& guid, base::bytes first, time_point now)
{
    conversation* const before = known(guid);
    const bool in_use = before != nullptr && (before->phase != conversation_phase::closing || before->next);
    if (phase_ != phase::running || conversations_.size() >= options_.max_conversations || in_use) return false;
    if (before != nullptr) {
        before->next = std::make_unique<conversation>(guid, options_.max_message);
        before->next->phase = conversation_phase::waiting;
    }
    conversation& c = before != nullptr
                          ? *before->next
                          : conversations_.try_emplace(guid.text(), guid, options_.max_message).first->second;
    if (!is_pool(guid)) c.unsent.push_back({packet_kind::command, guid});
    if (!first.empty()) {
        if (!allowed(c, first)) return true;
        if (is_pool(guid)) pool_.created(first);
        c.unsent.push_back({packet_kind::data, guid, packet_stream::normal, std::move(first)});
    }
    advance(c, now);
    return true;
}

void process_bridge::send(const base::uuid& guid, packet_stream stream, base::bytes bytes, time_point now)
{
    if (phase_ != phase::running) return;
    conversation* const c = find(guid);
    if (c == nullptr || c->phase >= conversation_phase::done || bytes.empty()) {
        events_.emplace_back(bridge_taken{guid}); // for nobody: as if it had been read
        return;
    }
    if (stream == packet_stream::normal && !allowed(*c, bytes)) return;
    c->unsent.push_back({packet_kind::data, guid, stream, std::move(bytes)});
    advance(*c, now);
}

void process_bridge::signal(const base::uuid& guid, time_point now)
{
    conversation* const c = find(guid);
    if (phase_ != phase::running || c == nullptr || is_pool(guid) || c->phase >= conversation_phase::done) return;
    if (std::any_of(c->unsent.begin(), c->unsent.end(), [](const packet& p) { return p.kind == packet_kind::signal; }))
        return;
    // Not ahead of the Command and of what tells the process what to run: it would not know what to stop.
    auto at = c->unsent.begin();
    if (c->phase <= conversation_phase::opening) at = c->unsent.end();
    c->unsent.insert(at, {packet_kind::signal, guid});
    advance(*c, now);
}

void process_bridge::close(const base::uuid& guid, time_point now)
{
    conversation* const c = find(guid);
    if (phase_ == phase::ended || c == nullptr || is_pool(guid) || c->phase == conversation_phase::closing) return;
    if (c->phase == conversation_phase::waiting) {
        known(guid)->next.reset();
    } else if (!c->created) {
        conversations_.erase(guid.text());
    } else {
        c->phase = conversation_phase::closing;
        c->unsent.assign(1, {packet_kind::close, guid});
        advance(*c, now);
    }
    close_pool_when_alone(now);
}

std::optional<base::bytes> process_bridge::connect(base::bytes_view request)
{
    if (phase_ != phase::running) return {};
    auto reply = pool_.connect(request);
    if (!reply) return {};
    if (!reply->later.empty()) events_.emplace_back(bridge_output{{}, std::move(reply->later)});
    return std::move(reply->answer);
}

void process_bridge::shut_down(time_point now)
{
    if (phase_ != phase::running) return;
    phase_ = phase::closing;
    close_until_ = now + options_.close_time;
    std::vector<base::uuid> open;
    for (const auto& [key, c] : conversations_)
        if (!is_pool(c.guid)) open.push_back(c.guid);
    for (const base::uuid& guid : open) close(guid, now);
    close_pool_when_alone(now);
}

/// The process answers the pool's Close only when every pipeline's has been.
void process_bridge::close_pool_when_alone(time_point now)
{
    conversation* const pool = find({});
    if (phase_ != phase::closing || conversations_.size() > (pool != nullptr ? 1U : 0U)) return;
    if (pool == nullptr) return end(bridge_end::closed, {});
    if (pool->phase == conversation_phase::closing) return;
    pool->phase = conversation_phase::closing;
    pool->unsent.assign(1, {packet_kind::close, {}});
    advance(*pool, now);
}

void process_bridge::reading(bool on, time_point now)
{
    if (on == std::exchange(reading_, on) || !on) return;
    for (auto& [key, c] : conversations_) c.since = now;
}

/// Puts the conversation's next packet on its way, if none is.
void process_bridge::advance(conversation& c, time_point now)
{
    if (c.on_its_way || c.unsent.empty() || c.phase == conversation_phase::waiting) return;
    const packet& next = c.unsent.front();
    c.on_its_way = next.kind;
    c.created = c.created || next.kind == packet_kind::command;
    c.since = now;
    write(next, output_);
    c.unsent.pop_front();
}

void process_bridge::written(std::size_t n)
{
    written_ += n;
    if (written_ < output_.size()) return;
    std::string{}.swap(output_);
    written_ = 0;
}

void process_bridge::received(base::bytes_view bytes, time_point now)
{
    if (phase_ == phase::ended) return;
    reader_.received(bytes);
    while (phase_ != phase::ended) {
        auto line = reader_.poll();
        if (!line) return;
        if (auto* p = std::get_if<packet>(&*line)) {
            take(std::move(*p), now);
            continue;
        }
        auto& other = std::get<other_line>(*line);
        end(other.what == other_line::kind::error ? bridge_end::error : bridge_end::junk, std::move(other.text));
    }
}

void process_bridge::take(packet&& p, time_point now)
{
    if (is_ack(p.kind)) return take_ack(p.kind, p.guid, now);
    if (p.kind == packet_kind::data) return take_data(std::move(p));
    end(bridge_end::junk, {}); // a server sends nothing else
}

void process_bridge::take_ack(packet_kind kind, const base::uuid& guid, time_point now)
{
    conversation* const c = known(guid);
    if (c == nullptr || !c->on_its_way || ack_of(*c->on_its_way) != kind) return end(bridge_end::junk, {});
    c->on_its_way.reset();
    if (kind == packet_kind::close_ack) {
        if (const auto next = std::move(c->next)) {
            *c = std::move(*next);
            c->phase = conversation_phase::opening;
            return advance(*c, now);
        }
        conversations_.erase(guid.text());
        return is_pool(guid) ? end(bridge_end::closed, {}) : close_pool_when_alone(now);
    }
    const bool starts =
        std::any_of(c->unsent.begin(), c->unsent.end(), [](const packet& p) { return p.kind == packet_kind::data; });
    if (c->phase == conversation_phase::opening) {
        if (!starts) {
            c->phase = conversation_phase::open;
            events_.emplace_back(bridge_opened{guid});
        }
    } else if (kind == packet_kind::data_ack && c->phase != conversation_phase::closing) {
        events_.emplace_back(bridge_taken{guid});
    }
    advance(*c, now);
}

void process_bridge::take_data(packet&& p)
{
    conversation* const c = known(p.guid);
    if (c == nullptr || c->phase == conversation_phase::closing) return; // was on its way when it was closed
    if (!c->from_process.pass(p.bytes)) return end(bridge_end::junk, {});
    if (is_pool(p.guid)) pool_.output(p.bytes);
    events_.emplace_back(bridge_output{p.guid, std::move(p.bytes)});
    while (const auto message = c->from_process.poll()) {
        if (!message->state) continue;
        if (is_pool(p.guid) && message->type == watched_type::runspacepool_state &&
            is_final_pool_state(*message->state))
            return end(*message->state == 3 ? bridge_end::closed : bridge_end::broken, {});
        if (!is_pool(p.guid) && message->type == watched_type::pipeline_state &&
            is_final_pipeline_state(*message->state) && c->phase < conversation_phase::done) {
            if (c->phase == conversation_phase::opening) events_.emplace_back(bridge_opened{p.guid});
            c->phase = conversation_phase::done;
            events_.emplace_back(bridge_finished{p.guid});
        }
    }
}

void process_bridge::end_of_stream(std::string said, time_point)
{
    if (phase_ == phase::closing) return end(bridge_end::closed, {});
    end(bridge_end::exited, std::move(said));
}

void process_bridge::end(bridge_end why, std::string text)
{
    if (phase_ == phase::ended) return;
    phase_ = phase::ended;
    conversations_.clear();
    written(output().size());
    events_.emplace_back(bridge_ended{why, std::move(text)});
}

std::optional<bridge_event> process_bridge::poll_event()
{
    if (events_.empty()) return {};
    auto out = std::move(events_.front());
    events_.pop_front();
    return out;
}

time_point process_bridge::deadline() const noexcept
{
    if (phase_ == phase::ended) return time_point::max();
    time_point first = close_until_;
    if (!reading_) return first;
    for (const auto& [key, c] : conversations_) {
        if (!c.on_its_way || may_take_long(*c.on_its_way)) continue;
        const bool start = is_pool(c.guid) && c.phase == conversation_phase::opening;
        first = std::min(first, c.since + (start ? options_.start_time : options_.answer_time));
    }
    return first;
}

void process_bridge::handle_timeout(time_point now)
{
    if (now < deadline()) return;
    end(now >= close_until_ ? bridge_end::closed : bridge_end::silent, {});
}

} // namespace winrm::psrp
