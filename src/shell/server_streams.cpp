// Output of commands: queued in order of arrival, handed to the one waiting Receive (MS-WSMV 3.1.4.14).
#include "shell/server_table_state.h"

#include "base/text.h"
#include "xpress/chain.h"

#include <algorithm>

namespace winrm::shell {
namespace {

bool contains(const std::vector<std::string>& names, base::bytes_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::size_t max_chunks = 4096; // streams that alternate byte by byte must not cost more than the bytes
constexpr std::size_t state_tags = 512;  // End streams, CommandState and ExitCode
constexpr int coalesce_rounds = 4;       // output that never pauses is held back no longer than this many `coalesce`

std::size_t wanted_bytes(const server_command& c) { return c.output.waiting(c.receiving->streams); }

/// A piece under way is beside the budget: else a client that counts would get less at a time than one that does not.
std::size_t queued(const server_command& c) { return c.output.size() - c.output.under_way(); }

fault timed_out() { return {fault_code::operation_timed_out, {}, {}}; }

} // namespace

std::size_t block_tags(const server_command& c, std::size_t room)
{
    constexpr std::size_t tags = 192, head_of_packed = 8; // of each 64 KiB, in base64
    return tags + c.id.size() + (c.shell->info.compressed ? head_of_packed * (1 + room / (64 * 1024)) : 0);
}

std::vector<base::bytes> pack(const server_shell& s, std::vector<outgoing_block>& blocks)
{
    std::vector<base::bytes> all;
    if (!s.info.compressed) return all;
    all.reserve(blocks.size());
    for (outgoing_block& b : blocks)
        if (!b.data.empty()) b.data = all.emplace_back(xpress::compress(b.data));
    return all;
}

/// The answer before this Receive has arrived, unless the client counts one less: then it was lost, and what was in it
/// is given again. Clients that do not count are taken to have everything, as Windows takes all of them.
server_table::state::outcome server_table::state::settle_answer(server_command& c, const wsman::option_set& options)
{
    if (const std::string* count = options.find(received_option)) {
        const auto got = base::parse_unsigned(*count);
        if (got && c.answers > 0 && *got == c.answers - 1) {
            c.output.rewind();
            --c.answers;
            return {};
        }
        if (got != c.answers)
            return fault{fault_code::wsman_invalid_parameter, "The count of received answers is not possible.", {}};
    }
    c.output.confirm();
    return {};
}

server_table::state::outcome server_table::state::receive(const call& c, server_shell& s)
{
    auto read = read_receive(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const auto& asked = std::get<receive_request>(read);
    if (asked.streams.empty()) return fault{fault_code::wsman_invalid_parameter, "No stream is asked for.", {}};
    for (const auto& name : asked.streams) {
        if (!contains(s.info.output_streams, name))
            return fault{fault_code::wsman_invalid_parameter, "A stream is not known.", {}};
    }
    // Without a CommandId it is the output of the shell's own process, where the kind has one.
    if (asked.command_id.empty() && s.kind->processes == process_use::one_for_each_command)
        return fault{fault_code::invalid_parameter, "This shell has output of commands only.", {}};
    server_command* const of = find_command(s, asked.command_id);
    if (of == nullptr) return no_such_command();
    server_command& n = *of;
    if (envelope_room(c) == 0) return too_small(c);
    waiting_receive r;
    for (std::size_t i = 0; i < n.output.names().size(); ++i) {
        if (contains(asked.streams, n.output.names()[i])) r.streams |= stream_set{1} << i;
    }
    end_receive(n, {fault_code::operation_aborted, "Another Receive took the place of this one.", {}}, c.now);
    const auto& h = c.request.header();
    if (auto wrong = settle_answer(n, h.options)) return wrong;
    r.counted = h.options.find(received_option) != nullptr;
    r.request = {c.token, h.message_id};
    r.room = envelope_room(c);
    r.since = c.now;
    r.until = c.now + std::min(h.operation_timeout.value_or(options.max_timeout), options.max_timeout);
    n.receiving = std::move(r);
    ++waiting;
    try_answer(n, c.now);
    throttle(n, c.now);
    return {};
}

void server_table::state::take_output(server_command& c, std::size_t stream, base::bytes_view data, time_point now)
{
    if (c.output.size() == 0) c.first_output = now;
    c.last_output = now;
    c.bytes_out += data.size();
    c.output.push(stream, data);
    try_answer(c, now);
    throttle(c, now);
}

/// When the pipes of a process that has exited have been quiet for so long that only grandchildren can be holding them.
/// Never while we leave them unread: what is in them is the command's own.
time_point server_table::state::quiet_at(const server_command& c) const
{
    if (c.paused) return never;
    return std::max({c.exited_at, c.last_output, c.resumed}) + options.output_linger;
}

/// A command has ended when its process has, and its pipes too.
void server_table::state::check_end(server_command& c, time_point now)
{
    if (c.phase != server_command_phase::exited || (c.output.any_open() && now < quiet_at(c))) return;
    step(c.phase, server_command_step::drain);
    orders.emplace_back(forget_process{c.process});
    log_end(c, "exit", now);
    try_answer(c, now);
}

time_point server_table::state::ready_at(const server_command& c) const
{
    const bool packets = c.shell->kind->streams == stream_form::packets;
    const milliseconds pause = packets ? options.packet_coalesce : options.coalesce;
    const auto as_ever =
        std::min(c.last_output + pause, std::max(c.first_output, c.receiving->since) + pause * coalesce_rounds);
    // The exit code rides with the last output: Ruby's client reads it nowhere else. Unless others go on printing.
    return c.phase == server_command_phase::exited ? std::max(as_ever, c.exited_at + options.output_linger) : as_ever;
}

/// Answers the waiting Receive if there is reason to.
void server_table::state::try_answer(server_command& c, time_point now)
{
    if (c.shell->phase == server_shell_phase::lost && c.phase < server_command_phase::ended) return answer_lost(c, now);
    if (!c.receiving) return;
    const std::size_t bytes = wanted_bytes(c);
    const std::size_t whole = base::base64_capacity(c.receiving->room);
    const bool late = now >= c.receiving->until, ended = c.phase >= server_command_phase::ended;
    const bool ready = bytes > 0 && (bytes >= whole || full(c) || now >= ready_at(c) || late);
    if (!ended && !ready) {
        if (late) end_receive(c, timed_out(), now);
        return;
    }
    const std::size_t room = c.receiving->room > state_tags ? c.receiving->room - state_tags : 0;
    auto p = c.output.cut(c.receiving->streams, room, block_tags(c, room), ended);
    const bool done = ended && p.everything;
    const bool ends = done && c.shell->kind->streams == stream_form::text;
    for (std::size_t i = 0; ends && i < c.output.names().size(); ++i) {
        if ((c.receiving->streams & (stream_set{1} << i)) != 0) p.blocks.push_back({c.output.names()[i], {}, true});
    }
    const auto packed = pack(*c.shell, p.blocks);
    auto request = std::optional(std::move(c.receiving->request));
    const auto body = [&](xml::writer& w) {
        write_receive_reply(w, c.id, p.blocks, done ? command_state::done : command_state::running,
                            done ? std::optional<std::int32_t>(c.status) : std::nullopt);
    };
    answer_later(request, wsman::action::receive, body);
    ++c.answers;
    if (!c.receiving->counted) c.output.confirm();
    c.first_output = now;
    c.receiving.reset();
    c.shell->active = now;
    throttle(c, now);
    // Asked for again, the end is told again: the first answer may have been lost with its connection.
    if (!done || !step(c.phase, server_command_step::report)) return;
    // What a stream that was not asked for holds stays for who asks for it.
    server_shell& s = *c.shell;
    s.finished.push_back(shell_key(c.id));
    // Clients that never send terminate after Done must not fill the shell.
    if (s.finished.size() > options.max_commands_per_shell) {
        server_command& oldest = *s.commands.at(s.finished.front());
        if (&oldest != &c) remove_command(oldest, "done", now);
    }
}

void server_table::state::end_receive(server_command& c, const fault& f, time_point now)
{
    if (!c.receiving) return;
    auto request = std::optional(std::move(c.receiving->request));
    c.receiving.reset();
    refuse_later(request, f);
    c.shell->active = now;
}

bool server_table::state::full(const server_command& c) const
{
    return queued(c) >= options.output_budget || c.output.chunks() >= max_chunks;
}

/// Back-pressure: a full queue leaves the pipes unread, a half empty one reads on.
void server_table::state::throttle(server_command& c, time_point now)
{
    // A client that wants one stream only would else never see the end of a command that fills the other.
    while (c.receiving && full(c) && c.output.drop_front_outside(c.receiving->streams)) {}
    if (c.phase >= server_command_phase::ended) return;
    const bool pause = c.paused ? queued(c) > options.output_budget / 2 || c.output.chunks() > max_chunks / 2 : full(c);
    if (pause == c.paused) return;
    c.paused = pause;
    if (!pause) c.resumed = now;
    orders.emplace_back(read_output{c.process, !pause});
}

time_point server_table::state::command_deadline(const server_command& c) const
{
    time_point first = never;
    if (c.phase == server_command_phase::exited) first = quiet_at(c);
    if (c.sending && c.sending->request) first = std::min(first, c.sending->until);
    if (!c.receiving) return first;
    first = std::min(first, c.receiving->until);
    if (wanted_bytes(c) > 0) first = std::min(first, ready_at(c));
    return first;
}

} // namespace winrm::shell
