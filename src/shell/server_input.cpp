// Input of commands: taken as soon as it is in the command's queue, handed to the child one write at a time (MS-WSMV
// 3.1.4.13).
#include "shell/server_table_state.h"

#include "xpress/chain.h"

#include <algorithm>

namespace winrm::shell {
namespace {

constexpr std::size_t max_growth = 8;          // of all blocks of a Send that are compressed
constexpr std::size_t block_size = 128 * 1024; // small Sends join up to this: a queue of single bytes must stay small

void write_send_response(xml::writer& w) { w.open("rsp:SendResponse").close(); }

} // namespace

server_table::state::outcome server_table::state::send(const call& c, server_shell& s)
{
    auto read = read_send(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    auto& blocks = std::get<std::vector<stream_block>>(read);
    server_command* n = find_command(s, blocks.front().command_id);
    if (n == nullptr) return no_such_command();
    base::bytes data;
    bool end = false;
    const auto& names = s.kind->inputs;
    for (stream_block& b : blocks) {
        const auto& inputs = s.info.input_streams;
        const bool known = std::find(inputs.begin(), inputs.end(), b.stream) != inputs.end();
        if (!known || b.stream != blocks.front().stream || shell_key(b.command_id) != shell_key(n->id)) {
            return fault{fault_code::wsman_invalid_parameter, "A block is for no input of this command.", {}};
        }
        if (end) return fault{fault_code::invalid_parameter, "There is input after its end.", {}};
        if (s.info.compressed && !b.data.empty()) {
            auto plain = xpress::decompress(b.data, max_growth * options.limits.envelope);
            if (!plain) return fault{fault_code::invalid_soap_body, "A stream cannot be decompressed.", {}};
            b.data = std::move(*plain);
        }
        if (data.empty()) data = std::move(b.data);
        else data += b.data;
        end = b.end;
    }
    const auto stream = static_cast<std::size_t>(
        std::find(names.begin(), names.end(), base::bytes_view(blocks.front().stream)) - names.begin());
    if (s.kind->streams == stream_form::packets) end = false; // the last packet says itself that it is
    const auto& h = c.request.header();
    if (n->phase >= server_command_phase::exited) {
        answer(c.token, h.message_id, wsman::action::send, write_send_response);
        return {};
    }
    if (n->sending || n->phase == server_command_phase::starting) return fault{fault_code::busy, {}, {}};
    if (n->input.end) return fault{fault_code::invalid_parameter, "The input has ended already.", {}};
    if (has_room(*n, data.size())) {
        accept_input(*n, stream, std::move(data), end);
        answer(c.token, h.message_id, wsman::action::send, write_send_response);
        return {};
    }
    const auto at_most = std::min(h.operation_timeout.value_or(options.max_timeout), options.max_timeout);
    n->sending = waiting_send{waiting_request{c.token, h.message_id}, stream, std::move(data), end, c.now + at_most};
    ++waiting;
    return {};
}

/// An empty queue takes any one envelope, however small the budget is.
bool server_table::state::has_room(const server_command& c, std::size_t size) const
{
    return size == 0 || c.input.held == 0 || c.input.held + size <= options.output_budget;
}

void server_table::state::accept_input(server_command& c, std::size_t stream, base::bytes&& data, bool end)
{
    input_queue& q = c.input;
    c.bytes_in += data.size();
    q.held += data.size();
    q.end = end;
    if (!q.blocks.empty() && q.blocks.back().stream == stream &&
        q.blocks.back().data.size() + data.size() <= block_size)
        q.blocks.back().data += data;
    else if (!data.empty()) q.blocks.push_back({stream, std::move(data)});
    feed(c);
}

/// The end goes with the last block, or alone if it came after that was handed on.
void server_table::state::feed(server_command& c)
{
    input_queue& q = c.input;
    if (q.writing || (q.blocks.empty() && q.end == q.end_given)) return;
    write_input order{c.process, {}, false, 0};
    if (!q.blocks.empty()) {
        order.stream = q.blocks.front().stream;
        order.data = std::move(q.blocks.front().data);
        q.blocks.pop_front();
    }
    order.end = q.end && q.blocks.empty();
    q.writing = true;
    q.given = order.data.size();
    q.end_given = order.end;
    orders.emplace_back(std::move(order));
}

void server_table::state::input_taken(server_command& c, time_point now)
{
    input_queue& q = c.input;
    if (!q.writing) return;
    q.writing = false;
    q.held -= q.given;
    q.given = 0;
    if (c.sending && has_room(c, c.sending->data.size())) {
        accept_input(c, c.sending->stream, std::move(c.sending->data), c.sending->end);
        end_send(c, {}, now);
    }
    feed(c);
}

/// The child is gone: nobody will read this.
void server_table::state::drop_input(server_command& c, time_point now)
{
    c.input = {};
    end_send(c, {}, now);
}

/// Answers the Send that waits; without a fault it was taken.
void server_table::state::answer_send(server_command& c, const std::optional<fault>& f, time_point now)
{
    if (!c.sending->request) return;
    if (f) refuse_later(c.sending->request, *f);
    else answer_later(c.sending->request, wsman::action::send, write_send_response);
    c.shell->active = now;
}

void server_table::state::end_send(server_command& c, const std::optional<fault>& f, time_point now)
{
    if (!c.sending) return;
    answer_send(c, f, now);
    c.sending.reset();
}

/// TimedOut leaves the bytes where they are: they go to the child as soon as there is room, and the next Send gets 170
/// until then. Windows does both, and clients know it (Ansible).
void server_table::state::expire_send(server_command& c, time_point now)
{
    if (c.sending && c.sending->until <= now) answer_send(c, fault{fault_code::operation_timed_out, {}, {}}, now);
}

} // namespace winrm::shell
