#include "powershell/bridge.h"

#include "base/text.h"
#include "psrp/fragment.h"

#include <limits>

namespace winrm::powershell {
namespace {

using psrp::packet_kind;

/// Beyond this Create goes with what is there: the rest follows as Send.
constexpr std::size_t largest_opening = 96 * 1024;
constexpr std::uint32_t init_runspacepool = 0x00010004; // MS-PSRP 2.2.1
constexpr std::uint32_t connect_runspacepool = 0x00010008;

/// The fragments hold the whole message that a server wants before it opens a pool.
bool is_complete(base::bytes_view fragments)
{
    std::optional<std::uint64_t> object;
    while (!fragments.empty()) {
        const auto f = psrp::read_fragment(fragments, std::numeric_limits<std::uint32_t>::max());
        if (!f || !*f) return false;
        const auto& blob = (*f)->blob;
        if ((*f)->start && blob.size() >= 8) {
            std::uint32_t type = 0;
            for (std::size_t i = 0; i < 4; ++i)
                type |= static_cast<std::uint32_t>(static_cast<unsigned char>(blob[4 + i])) << (8 * i);
            if (type == init_runspacepool || type == connect_runspacepool) object = (*f)->object_id;
        }
        if ((*f)->end && object == (*f)->object_id) return true;
        fragments.remove_prefix(psrp::fragment_header_size + blob.size());
    }
    return false;
}

packet_kind ack_of(packet_kind k) { return static_cast<packet_kind>(static_cast<unsigned>(k) | 1U); }

} // namespace

bridge::bridge(carrier_options options) : carrier_(std::move(options)) {}

void bridge::received(base::bytes_view bytes, bool end, base::time_point now)
{
    if (ended_) return;
    reader_.received(bytes);
    while (!ended_) {
        auto line = reader_.poll();
        if (!line) break;
        if (auto* p = std::get_if<psrp::packet>(&*line)) {
            take(std::move(*p), now);
            continue;
        }
        const auto& other = std::get<psrp::other_line>(*line);
        if (other.what == psrp::other_line::kind::empty) continue;
        return fail(error(errc::protocol, "a line on standard input is no packet of PowerShell's transport: " +
                                              base::printable(other.text, 80)),
                    now);
    }
    if (!end || ended_) return;
    ended_ = true;
    carrier_.close(now);
}

void bridge::cancel(winrm::error why, base::time_point now) { fail(std::move(why), now); }

void bridge::fail(winrm::error e, base::time_point now)
{
    if (!failure_) failure_ = std::move(e);
    ended_ = true;
    carrier_.close(now);
}

void bridge::acknowledge(packet_kind ack, const base::uuid& guid)
{
    events_.emplace_back(line_ready{psrp::write(psrp::packet{ack, guid})});
}

void bridge::no_longer_running(const base::uuid& guid)
{
    running_.erase(guid);
    if (stopped_.erase(guid) != 0) acknowledge(packet_kind::signal_ack, guid);
}

void bridge::order(decltype(psrp::carry::what) what, packet_kind ack, const base::uuid& guid, base::time_point now)
{
    const psrp::carry_id id{next_++};
    owed_[id] = {ack, guid};
    carrier_.take({id, std::move(what)}, now);
}

void bridge::take(psrp::packet&& p, base::time_point now)
{
    const bool session = p.guid == base::uuid{};
    const auto ack = ack_of(p.kind);
    switch (p.kind) {
    case packet_kind::data: return take_data(std::move(p), now);
    case packet_kind::command: announced_.insert(p.guid); return acknowledge(ack, p.guid);
    case packet_kind::close:
        if (!session) {
            announced_.erase(p.guid);
            no_longer_running(p.guid);
            return order(psrp::carry_close_pipeline{p.guid}, ack, p.guid, now);
        }
        ended_ = true;
        if (opened_) return order(psrp::carry_close{}, ack, p.guid, now);
        acknowledge(ack, p.guid);
        return carrier_.close(now);
    case packet_kind::signal: return order(psrp::carry_stop{p.guid}, ack, p.guid, now);
    default:
        return fail(error(errc::protocol, "an acknowledgement came on standard input: only servers send such"), now);
    }
}

void bridge::take_data(psrp::packet&& p, base::time_point now)
{
    constexpr auto ack = packet_kind::data_ack;
    const auto stream = p.stream == psrp::packet_stream::prompt_response ? psrp::carry_stream::prompt_response
                                                                         : psrp::carry_stream::normal;
    if (p.guid != base::uuid{}) {
        if (announced_.erase(p.guid) != 0) {
            running_.insert(p.guid);
            return order(psrp::carry_pipeline{p.guid, std::move(p.bytes)}, ack, p.guid, now);
        }
        return order(psrp::carry_data{p.guid, stream, std::move(p.bytes)}, ack, p.guid, now);
    }
    if (opened_) return order(psrp::carry_data{{}, stream, std::move(p.bytes)}, ack, p.guid, now);
    opening_ += p.bytes;
    if (!is_complete(opening_) && opening_.size() < largest_opening) return acknowledge(ack, p.guid);
    opened_ = true;
    order(psrp::carry_open{std::exchange(opening_, {})}, ack, p.guid, now);
}

std::optional<bridge_event> bridge::poll_event(base::time_point now)
{
    while (events_.empty()) {
        auto e = carrier_.poll_event(now);
        if (!e) return std::nullopt;
        translate(std::move(*e), now);
    }
    auto out = std::move(events_.front());
    events_.pop_front();
    return out;
}

void bridge::translate(carrier_event&& event, base::time_point now)
{
    if (auto* arrived = std::get_if<fragments_arrived>(&event)) {
        psrp::packet p;
        p.guid = arrived->pipeline.value_or(base::uuid{});
        p.bytes = std::move(arrived->bytes);
        events_.emplace_back(line_ready{psrp::write(p)});
    } else if (const auto* done = std::get_if<order_done>(&event)) {
        const auto node = owed_.extract(done->id);
        if (node.empty()) return;
        const auto& [ack, guid] = node.mapped();
        if (ack == packet_kind::signal_ack && running_.count(guid) != 0) stopped_.insert(guid);
        else acknowledge(ack, guid);
    } else if (auto* failed = std::get_if<order_failed>(&event)) {
        fail(std::move(failed->error), now);
    } else if (auto* lost = std::get_if<carrier_lost>(&event)) {
        fail(std::move(lost->error), now);
    } else if (auto* ended = std::get_if<pipeline_ended>(&event)) {
        no_longer_running(ended->pipeline);
        // Without an error the client has read the pipeline's state in its fragments.
        if (ended->error) fail(std::move(*ended->error), now);
    } else if (std::holds_alternative<carrier_finished>(event)) {
        events_.emplace_back(bridge_finished{std::move(failure_)});
    }
}

} // namespace winrm::powershell
