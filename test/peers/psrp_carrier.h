// Carries a client's pool over the lines of `pwsh -SSHServerMode` (psrp/out_of_proc.h). Pure: bytes in, bytes out.
#pragma once

#include "psrp/client_pool.h"
#include "psrp/out_of_proc.h"

#include <deque>
#include <map>
#include <string>

namespace winrm::psrp {

class out_of_proc_carrier
{
public:
    /// Takes the pool's orders; what is to be written is appended to output().
    void carry_from(client_pool& pool, base::time_point now)
    {
        while (auto next = pool.poll_carry(now))
            std::visit([&](auto& what) { take(pool, next->id, what); }, next->what);
    }
    /// Lines of the host. @return what is wrong with one, if anything
    std::optional<std::string> received(client_pool& pool, base::bytes_view bytes)
    {
        reader_.received(bytes);
        while (auto next = reader_.poll()) {
            if (const auto* line = std::get_if<other_line>(&*next)) return "not a packet: " + line->text;
            packet& p = std::get<packet>(*next);
            if (p.kind == packet_kind::data) {
                pool.received(p.guid == base::uuid{} ? std::nullopt : std::optional{p.guid}, p.bytes);
                continue;
            }
            auto& queue = queues_[p.guid];
            if (queue.empty() || !is_ack(p.kind)) return "an ack of nothing";
            const auto expected = static_cast<packet_kind>(static_cast<int>(queue.front().what.kind) + 1);
            if (p.kind != expected) return "an ack of something else";
            const auto done = queue.front().done;
            queue.pop_front();
            if (done) pool.handle_done(*done);
            if (!queue.empty()) write(queue.front().what, output_);
        }
        return std::nullopt;
    }
    std::string take_output() { return std::exchange(output_, {}); }

private:
    struct waiting
    {
        packet what;
        std::optional<carry_id> done; ///< of the last packet of an order
    };
    void push(packet p, std::optional<carry_id> done)
    {
        auto& queue = queues_[p.guid]; // one packet without its ack for each guid
        queue.push_back({std::move(p), done});
        if (queue.size() == 1) write(queue.front().what, output_);
    }
    void take(client_pool&, carry_id id, carry_open& o) { push({packet_kind::data, {}, {}, o.fragments}, id); }
    void take(client_pool&, carry_id id, carry_pipeline& o)
    {
        push({packet_kind::command, o.pipeline, {}, {}}, {});
        push({packet_kind::data, o.pipeline, {}, o.fragments}, id);
    }
    void take(client_pool&, carry_id id, carry_data& o)
    {
        const auto stream = o.stream == carry_stream::normal ? packet_stream::normal : packet_stream::prompt_response;
        push({packet_kind::data, o.pipeline.value_or(base::uuid{}), stream, o.fragments}, id);
    }
    void take(client_pool&, carry_id id, carry_stop& o) { push({packet_kind::signal, o.pipeline, {}, {}}, id); }
    void take(client_pool&, carry_id id, carry_close_pipeline& o)
    {
        push({packet_kind::close, o.pipeline, {}, {}}, id);
    }
    void take(client_pool&, carry_id id, carry_close&) { push({packet_kind::close, {}, {}, {}}, id); }
    template <class Other> void take(client_pool& pool, carry_id id, Other&)
    {
        pool.handle_failure(id, {errc::bad_argument, "PowerShell offers this over WS-Management only"});
    }

    out_of_proc_reader reader_;
    std::map<base::uuid, std::deque<waiting>> queues_;
    std::string output_;
};

} // namespace winrm::psrp
