// Bytes become operations on a table with a PowerShell shell: no request is answered twice, Create, Command and Connect
// only after news of the process, input has one write at a time, and nothing is left after close_all.
#include "shell/server_table.h"

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

using namespace winrm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size > 3 * 96) return -1;
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
    const std::string uri = std::string(wsman::resource_uri::powershell) + "X";
    const auto id = [](std::uint8_t n) { return "0000000" + std::to_string(n % 4) + "-0000-0000-0000-000000000000"; };
    const auto of = [&id](std::uint8_t n) { return n % 5 == 0 ? std::string() : id(n); };
    std::set<shell::request_token> asked, answered;
    std::set<shell::process_ref> writing;
    std::uint64_t next = 1;
    const auto ask = [&](wsman::outgoing_request r) {
        const shell::request_token token{next++};
        asked.insert(token);
        r.header.message_id = "uuid:f";
        table.handle_request(token, wsman::write_request(r), "::1", now);
    };
    const auto drain = [&] {
        while (auto r = table.poll_reply())
            if (asked.count(r->token) == 0 || !answered.insert(r->token).second) std::abort();
        while (auto o = table.poll_order()) {
            const auto* w = std::get_if<shell::write_input>(&*o);
            if (w != nullptr && (w->end || w->data.empty() || !writing.insert(w->process).second)) std::abort();
        }
    };
    for (std::size_t i = 0; i + 2 < size; i += 3) {
        const std::uint8_t a = data[i + 1], b = data[i + 2];
        const shell::process_ref p{static_cast<std::uint64_t>(b % 16U) + 1};
        shell::create_shell c;
        c.resource_uri = uri;
        c.input_streams = {"stdin", "pr"};
        c.output_streams = {"stdout"};
        c.shell_id = id(a);
        c.protocol_version = "2.3";
        c.creation_xml = "x";
        if (b % 3 == 0) c.compression = "xpress";
        switch (data[i] % 18) {
        case 0: ask(shell::make_create(c)); break;
        case 1: ask(shell::make_command(uri, id(a), {"x", {b % 2 != 0 ? "AAAA" : "A"}, of(b), {}, {}})); break;
        case 2: ask(shell::make_receive(uri, id(a), of(b), {"stdout"})); break;
        case 3:
            ask(shell::make_send(uri, id(a), of(b), std::string(b * 16U, 'i'), b % 5 == 0,
                                 b % 2 != 0 ? "pr" : "stdin"));
            break;
        case 4: ask(shell::make_signal(uri, id(a), of(b), static_cast<shell::signal_code>(a % 4))); break;
        case 5: ask(shell::make_delete(uri, id(a))); break;
        case 6: table.process_started(p, a, now); break;
        case 7: table.process_output(p, a % 2, std::string(a * 16U + 1, static_cast<char>(b)), now); break;
        case 8: table.process_output_end(p, a % 2, now); break;
        case 9: table.process_exited(p, a, now); break;
        case 10:
            writing.erase(p);
            table.process_input_taken(p, now);
            break;
        case 11:
            table.process_not_started(p, static_cast<shell::start_failure>(a % 5), now, a % 2 != 0 ? "why" : "");
            break;
        case 12: table.handle_gone(shell::request_token{b}, now); break;
        case 13: table.process_lost(p, "lost", now); break;
        case 14: ask(shell::make_disconnect(uri, id(a), {})); break;
        case 15: ask(shell::make_reconnect(uri, id(a))); break;
        case 16:
            if (b % 2 != 0) ask(shell::make_connect({uri, id(a), of(b), "x", "2.3"}));
            else table.process_connected(p, a % 2 != 0 ? std::optional<base::bytes>("answer") : std::nullopt, now);
            break;
        default:
            now += base::milliseconds{(a << 8U) + b};
            table.handle_timeout(now);
            break;
        }
        drain();
    }
    table.close_all(now);
    drain();
    if (table.objects() != 0 || answered.size() > asked.size()) std::abort();
    return 0;
}
