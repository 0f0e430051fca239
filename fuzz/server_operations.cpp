// Bytes become operations on the service's table: no request is answered twice, the end of a command is told to a
// Receive only, once in its answer, with an exit code, and never after it with output; a child has one write at a time
// and none after the end of its input; a client that counts answers, whichever of them are lost, gets each stream whole
// and once; nothing is left after close_all.
#include "shell/server_table.h"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

using namespace winrm;

namespace {

/// One command as a client that counts answers sees it, from its start order on.
struct counted_command
{
    shell::process_ref process{};
    std::string pushed[2], got[2]; ///< by stream
    std::uint64_t answers = 0;     ///< that have arrived
    bool alone = true;             ///< nobody else has asked for its output
};

void take_answer(counted_command& c, const std::string& envelope)
{
    const auto reply = wsman::read_reply(envelope, base::limits{}, "uuid:f");
    if (!reply) std::abort();
    const auto answer = shell::read_receive_reply(*reply);
    if (!answer) std::abort();
    ++c.answers;
    for (const auto& b : answer->blocks) c.got[b.stream == "stderr" ? 1 : 0] += b.data;
    for (int i = 0; i < 2 && c.alone; ++i) {
        if (!c.pushed[i].starts_with(c.got[i])) std::abort(); // a gap, or something twice
        if (answer->state == shell::command_state::done && c.got[i] != c.pushed[i]) std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size > 3 * 96) return -1; // longer conversations reach no new state, they only cost runs
    base::null_log log;
    base::time_point now{};
    shell::table_options options;
    options.home = "/home/f";
    options.output_budget = 4096;
    shell::server_table table(
        options,
        [n = 0U](char* b, std::size_t s) mutable {
            for (std::size_t i = 0; i < s; ++i) b[i] = static_cast<char>(++n >> (i % 4 * 8));
        },
        log, now);
    const std::string cmd(wsman::resource_uri::cmd);
    const auto id = [](std::uint8_t n) { return "0000000" + std::to_string(n % 4) + "-0000-0000-0000-000000000000"; };
    std::set<shell::request_token> asked, answered, receives;
    std::set<std::string> ended; // shell, command and stream whose end was told
    std::map<shell::request_token, std::string> asked_for;
    std::set<shell::process_ref> writing, input_ended;
    std::map<std::string, counted_command> counted; // by shell and command
    std::map<shell::process_ref, std::string> live; // until forgotten: their output is taken
    struct counted_receive
    {
        std::string of;
        shell::process_ref process;
        bool lost;
    };
    std::map<shell::request_token, counted_receive> counted_receives;
    const auto count = [](const std::string& text, const char* part) {
        std::size_t n = 0;
        for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
        return n;
    };
    std::uint64_t next = 1;
    const auto ask = [&](wsman::outgoing_request r) {
        const shell::request_token token{next++};
        asked.insert(token);
        if (r.header.action == wsman::action::receive) receives.insert(token);
        r.header.message_id = "uuid:f";
        table.handle_request(token, wsman::write_request(r), "::1", now);
    };
    const auto drain = [&] {
        while (auto r = table.poll_reply()) {
            if (asked.count(r->token) == 0 || !answered.insert(r->token).second) std::abort();
            const std::size_t done = count(r->envelope, "CommandState/Done\"");
            if (done > 1 || (done == 1 && receives.count(r->token) == 0) ||
                count(r->envelope, "<rsp:ExitCode>") != done)
                std::abort();
            if (const auto at = counted_receives.find(r->token); at != counted_receives.end()) {
                counted_command& c = counted[at->second.of];
                if (!r->is_fault && !at->second.lost && c.process == at->second.process) take_answer(c, r->envelope);
            }
            const auto about = asked_for.find(r->token);
            if (about == asked_for.end()) continue;
            const bool output = count(r->envelope, "<rsp:Stream ") > count(r->envelope, "End=\"true\"");
            if (!r->is_fault && ended.count(about->second) != 0 && (done == 0 || output)) std::abort();
            if (done == 1) ended.insert(about->second);
        }
        while (auto o = table.poll_order()) {
            if (auto* s = std::get_if<shell::start_process>(&*o)) {
                const std::string name = s->shell_id + s->command_id;
                counted[name] = {};
                counted[name].process = s->process;
                live[s->process] = name;
            }
            if (auto* f = std::get_if<shell::forget_process>(&*o)) live.erase(f->process);
            auto* w = std::get_if<shell::write_input>(&*o);
            if (w == nullptr) continue;
            if (!writing.insert(w->process).second || input_ended.count(w->process) != 0) std::abort();
            if (w->end) input_ended.insert(w->process);
        }
    };
    for (std::size_t i = 0; i + 2 < size; i += 3) {
        const std::uint8_t a = data[i + 1], b = data[i + 2];
        const shell::process_ref p{static_cast<std::uint64_t>(b % 16U) + 1};
        shell::create_shell c;
        c.shell_id = id(a);
        switch (data[i] % 15) {
        case 0: ask(shell::make_create(c)); break;
        case 1:
            for (const char* stream : {"1", "2"})
                ended.erase(id(a) + id(b) + stream); // a name may be given again once its command is forgotten
            ask(shell::make_command(cmd, id(a), {"x", {}, id(b), {}, {}}));
            break;
        case 2:
            counted[id(a) + id(b)].alone = false;
            asked_for[shell::request_token{next}] = id(a) + id(b) + (b % 2 != 0 ? "1" : "2");
            ask(shell::make_receive(cmd, id(a), id(b), {b % 2 != 0 ? "stdout" : "stderr"}));
            break;
        case 3: ask(shell::make_send(cmd, id(a), id(b), std::string(b * 16U, 'i'), b % 5 == 0)); break;
        case 4: ask(shell::make_signal(cmd, id(a), id(b), static_cast<shell::signal_code>(a % 3))); break;
        case 5: ask(shell::make_delete(cmd, id(a))); break;
        case 6: table.process_started(p, 1, now); break;
        case 7: {
            const std::string output(a * 16U + 1, static_cast<char>(b));
            if (live.count(p) != 0) counted[live[p]].pushed[a % 2] += output;
            table.process_output(p, a % 2, output, now);
            break;
        }
        case 8: table.process_output_end(p, a % 2, now); break;
        case 9: table.process_exited(p, a, now); break;
        case 10:
            writing.erase(p);
            table.process_input_taken(p, now);
            break;
        case 11: table.process_not_started(p, static_cast<shell::start_failure>(a % 4), now); break;
        case 12: table.handle_gone(shell::request_token{b}, now); break;
        case 14: { // a Receive that counts; whether its answer will be lost is known from the start
            const std::string name = id(a) + id(b);
            counted_command& one = counted[name];
            counted_receives[shell::request_token{next}] = {name, one.process, a >= 128};
            ask(shell::make_receive(cmd, id(a), id(b), {"stdout", "stderr"}, one.answers));
            break;
        }
        default:
            now += base::milliseconds(a * 256 + b);
            table.handle_timeout(now);
            if (table.deadline() <= now) std::abort(); // a driver would spin
        }
        drain();
    }
    table.close_all(now);
    drain();
    if (table.objects() != 0) std::abort();
    return 0;
}
