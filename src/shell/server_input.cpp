// Input of commands: taken as soon as it is in the command's queue, handed to the child one write at a time (MS-WSMV
// 3.1.4.13).
#include "shell/server_table_state.h"

#include <algorithm>

namespace winrm::shell {
namespace {

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
    const auto at_most = std::min(h.operation_timeout.value_or(options.max_timeout), options.max_timeout);
    waiting_send input{{}, stream, std::move(data), end, c.now + at_most, {}};
    if (auto why = unpack_input(*n, input)) return why;
    if (has_room(*n, input.data.size())) {
        accept_input(*n, std::move(input));
        answer(c.token, h.message_id, wsman::action::send, write_send_response);
        return {};
    }
    input.request = waiting_request{c.token, h.message_id};
    n->sending = std::move(input);
    ++waiting;
    return {};
}

/// What a Send of a compressed shell brought, before anything counts its bytes. A block may go on in the next Send; if
/// this one is not taken after all, that follows what was taken last.
server_table::state::outcome server_table::state::unpack_input(const server_command& c, waiting_send& input) const
{
    if (c.shell->streams == compression::none) return {};
    if (const auto at = c.input.unpackers.find(input.stream); at != c.input.unpackers.end()) input.after = at->second;
    base::bytes plain;
    if (auto done = input.after.received(input.data, send_expansion * options.limits.envelope, plain); !done) {
        if (done.error().code() == errc::too_large)
            return fault{fault_code::encoding_limit, "A Send unpacks to more than is taken at once.", {}};
        return fault{fault_code::invalid_soap_body, "A stream is not compressed as the shell's are.", {}};
    }
    if (input.end && !input.after.at_border())
        return fault{fault_code::invalid_soap_body, "The input ends within a compressed block.", {}};
    input.data = std::move(plain);
    return {};
}

/// An empty queue takes any one envelope, however small the budget is.
bool server_table::state::has_room(const server_command& c, std::size_t size) const
{
    return size == 0 || c.input.held == 0 || c.input.held + size <= options.output_budget;
}

void server_table::state::accept_input(server_command& c, waiting_send&& input)
{
    input_queue& q = c.input;
    const std::size_t stream = input.stream;
    base::bytes& data = input.data;
    if (c.shell->streams != compression::none) q.unpackers[stream] = std::move(input.after);
    c.bytes_in += data.size();
    q.held += data.size();
    q.end = input.end;
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
        accept_input(c, std::move(*c.sending));
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
