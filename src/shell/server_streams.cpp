// Output of commands: queued in order of arrival, handed to the one waiting Receive (MS-WSMV 3.1.4.14).
#include "shell/server_table_state.h"

#include "base/text.h"

#include <algorithm>

namespace winrm::shell {
namespace {

constexpr std::size_t chunk_size = 128 * 1024; // a chunk grows to this before the next begins
constexpr std::size_t max_chunks = 4096;       // streams that alternate byte by byte must not cost more than the bytes
constexpr std::size_t block_tags = 192;        // octets of one Stream element besides its data
constexpr std::size_t state_tags = 512;        // End streams, CommandState and ExitCode
constexpr int coalesce_rounds = 4; // output that never pauses is held back no longer than this many `coalesce`

/// Bytes at the end that begin a UTF-8 sequence without ending it: 0 to 3.
std::size_t unfinished_tail(base::bytes_view text)
{
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto c = static_cast<unsigned char>(text[text.size() - back]);
        if ((c & 0xC0U) == 0x80U) continue;
        const std::size_t needs = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return needs > back ? back : 0;
    }
    return 0;
}

bool wanted(const waiting_receive& r, const output_chunk& c) { return c.is_stderr ? r.err : r.out; }

std::size_t wanted_bytes(const server_command& c)
{
    return (c.receiving->out ? c.queued - c.queued_err : 0) + (c.receiving->err ? c.queued_err : 0);
}

/// One answer's blocks: views into the queue, and how much each chunk gives.
struct piece
{
    std::vector<outgoing_block> blocks;
    std::vector<std::size_t> given; ///< by place in the queue
    std::size_t bytes = 0;
    bool everything = true; ///< no wanted byte stays behind
};

piece cut(const server_command& c)
{
    piece p;
    const std::size_t tags = block_tags + c.id.size();
    std::size_t room = c.receiving->room > state_tags ? c.receiving->room - state_tags : 0;
    for (std::size_t i = 0; i < c.queue.size(); ++i) {
        const output_chunk& chunk = c.queue[i];
        p.given.push_back(0);
        if (!wanted(*c.receiving, chunk)) continue;
        const base::bytes_view rest = chunk.rest();
        if (rest.empty()) continue; // its bytes moved on with the rest of their character
        const std::size_t fits = room > tags ? base::base64_capacity(room - tags) : 0;
        std::size_t take = std::min(rest.size(), fits);
        if (take < rest.size()) take = base::utf8_cut(rest, take);
        if (take == 0) {
            p.everything = false;
            break;
        }
        p.blocks.push_back({chunk.is_stderr ? "stderr" : "stdout", rest.substr(0, take), false});
        p.given.back() = take;
        p.bytes += take;
        room -= tags + base::base64_encoded_size(take);
        if (take < rest.size()) {
            p.everything = false;
            break;
        }
    }
    return p;
}

/// A character whose end may still come waits for it, if something else can be said meanwhile.
void hold_back_tail(const server_command& c, piece& p)
{
    if (c.ended || !p.everything || p.blocks.empty()) return;
    outgoing_block& last = p.blocks.back();
    const std::size_t tail = unfinished_tail(last.data);
    if (tail == 0 || tail >= last.data.size()) return;
    last.data.remove_suffix(tail);
    p.bytes -= tail;
    for (auto at = p.given.rbegin(); at != p.given.rend(); ++at) {
        if (*at == 0) continue;
        *at -= tail;
        break;
    }
}

void take_from_queue(server_command& c, const piece& p)
{
    for (std::size_t i = 0; i < p.given.size(); ++i) {
        c.queue[i].taken += p.given[i];
        if (c.queue[i].is_stderr) c.queued_err -= p.given[i];
    }
    std::erase_if(c.queue, [](const output_chunk& chunk) { return chunk.rest().empty(); });
    c.queued -= p.bytes;
}

fault timed_out() { return {fault_code::operation_timed_out, {}, {}}; }

} // namespace

server_table::state::outcome server_table::state::receive(const call& c, server_shell& s)
{
    auto read = read_receive(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const auto& asked = std::get<receive_request>(read);
    waiting_receive r;
    r.out = r.err = false;
    for (const auto& name : asked.streams) {
        const auto& known = s.info.output_streams;
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return fault{fault_code::wsman_invalid_parameter, "A stream is not known.", {}};
        }
        (name == "stderr" ? r.err : r.out) = true;
    }
    if (!r.out && !r.err) return fault{fault_code::wsman_invalid_parameter, "No stream is asked for.", {}};
    if (asked.command_id.empty())
        return fault{fault_code::invalid_parameter, "This shell has output of commands only.", {}};
    const auto at = s.commands.find(shell_key(asked.command_id));
    if (at == s.commands.end()) return no_such_command();
    server_command& n = *at->second;
    if (envelope_room(c) == 0) return too_small(c);
    end_receive(n, {fault_code::operation_aborted, "Another Receive took the place of this one.", {}}, c.now);
    const auto& h = c.request.header();
    r.request = {c.token, h.message_id};
    r.room = envelope_room(c);
    r.since = c.now;
    r.until =
        c.now + std::min(h.operation_timeout.value_or(options.max_operation_timeout), options.max_operation_timeout);
    n.receiving = std::move(r);
    ++waiting;
    try_answer(n, c.now);
    throttle(n, c.now);
    return {};
}

void server_table::state::take_output(server_command& c, bool is_stderr, base::bytes_view data, time_point now)
{
    if (c.queued == 0) c.first_output = now;
    c.last_output = now;
    c.queued += data.size();
    if (is_stderr) c.queued_err += data.size();
    c.bytes_out += data.size();
    if (!c.queue.empty() && c.queue.back().is_stderr == is_stderr &&
        c.queue.back().data.size() + data.size() <= chunk_size) {
        c.queue.back().data += data;
    } else {
        // A character cut by the border of two reads moves over whole: some clients decode block by block.
        std::string start;
        const auto last =
            std::find_if(c.queue.rbegin(), c.queue.rend(), [&](const auto& q) { return q.is_stderr == is_stderr; });
        if (const std::size_t tail = last == c.queue.rend() ? 0 : unfinished_tail(last->rest()); tail > 0) {
            start = last->data.substr(last->data.size() - tail);
            last->data.resize(last->data.size() - tail);
        }
        start += data;
        c.queue.push_back({is_stderr, std::move(start), 0});
    }
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
    if (c.ended || !c.exited) return;
    if ((c.out_open || c.err_open) && now < quiet_at(c)) return;
    c.ended = true;
    orders.emplace_back(forget_process{c.process});
    log_end(c, "exit", now);
    try_answer(c, now);
}

time_point server_table::state::ready_at(const server_command& c) const
{
    const auto as_ever = std::min(c.last_output + options.coalesce,
                                  std::max(c.first_output, c.receiving->since) + options.coalesce * coalesce_rounds);
    // The exit code rides with the last output: Ruby's client reads it nowhere else. Unless others go on printing.
    return c.exited ? std::max(as_ever, c.exited_at + options.output_linger) : as_ever;
}

/// Answers the waiting Receive if there is reason to.
void server_table::state::try_answer(server_command& c, time_point now)
{
    if (!c.receiving) return;
    const std::size_t bytes = wanted_bytes(c);
    const std::size_t whole = base::base64_capacity(c.receiving->room);
    const bool late = now >= c.receiving->until;
    const bool ready = bytes > 0 && (bytes >= whole || full(c) || now >= ready_at(c) || late);
    if (!c.ended && !ready) {
        if (late) end_receive(c, timed_out(), now);
        return;
    }
    piece p = cut(c);
    hold_back_tail(c, p);
    const bool done = c.ended && p.everything;
    if (done) {
        for (const base::bytes_view name : {base::bytes_view("stdout"), base::bytes_view("stderr")}) {
            if (name == "stdout" ? c.receiving->out : c.receiving->err) p.blocks.push_back({name, {}, true});
        }
    }
    auto request = std::optional(std::move(c.receiving->request));
    const auto body = [&](xml::writer& w) {
        write_receive_reply(w, c.id, p.blocks, done ? command_state::done : command_state::running,
                            done ? std::optional<std::int32_t>(c.status) : std::nullopt);
    };
    answer_later(request, wsman::action::receive, body);
    take_from_queue(c, p);
    c.first_output = now;
    c.receiving.reset();
    c.shell->active = now;
    throttle(c, now);
    // Asked for again, the end is told again: the first answer may have been lost with its connection.
    if (!done || c.done_told) return;
    c.done_told = true; // what a stream that was not asked for holds stays for who asks for it
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
    return c.queued >= options.output_budget || c.queue.size() >= max_chunks;
}

/// Back-pressure: a full queue leaves the pipes unread, a half empty one reads on.
void server_table::state::throttle(server_command& c, time_point now)
{
    // A client that wants one stream only would else never see the end of a command that fills the other.
    while (c.receiving && !c.queue.empty() && full(c) && !wanted(*c.receiving, c.queue.front())) {
        const std::size_t size = c.queue.front().rest().size();
        c.queued -= size;
        if (c.queue.front().is_stderr) c.queued_err -= size;
        c.queue.pop_front();
    }
    if (c.ended) return;
    const bool pause = c.paused ? c.queued > options.output_budget / 2 || c.queue.size() > max_chunks / 2 : full(c);
    if (pause == c.paused) return;
    c.paused = pause;
    if (!pause) c.resumed = now;
    orders.emplace_back(read_output{c.process, !pause});
}

time_point server_table::state::command_deadline(const server_command& c) const
{
    time_point first = never;
    if (c.exited && !c.ended) first = quiet_at(c);
    if (c.sending && c.sending->request) first = std::min(first, c.sending->until);
    if (!c.receiving) return first;
    first = std::min(first, c.receiving->until);
    if (wanted_bytes(c) > 0) first = std::min(first, ready_at(c));
    return first;
}

} // namespace winrm::shell
