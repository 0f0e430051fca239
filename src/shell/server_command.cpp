// Command, Signal (MS-WSMV 3.1.4.11–12).
#include "shell/server_table_state.h"

#include "base/text.h"

#include <csignal>

namespace winrm::shell {
namespace {

std::string join_line(const start_command& c)
{
    std::string line = c.command;
    for (const auto& a : c.arguments) {
        line += ' ';
        line += a;
    }
    return line;
}

} // namespace

server_command* find_command(server_shell& s, base::bytes_view id)
{
    const auto at = s.commands.find(shell_key(id));
    return at == s.commands.end() ? nullptr : at->second.get();
}

/// What all commands have; it waits for its process then.
std::variant<server_command*, fault> server_table::state::new_command(const call& c, server_shell& s,
                                                                      const std::string& id)
{
    if (!id.empty() && (id.front() == '{' || !base::uuid::parse(id)))
        return fault{fault_code::wsman_invalid_parameter, "The proposed CommandId is no GUID.", {}};
    const std::size_t own = s.kind->processes == process_use::one_for_the_shell ? 1 : 0;
    if (s.commands.size() - s.finished.size() - own >= options.max_commands_per_shell)
        return fault{fault_code::quota_processes_per_shell, {}, {}};
    auto made = std::make_unique<server_command>(*s.kind);
    server_command& n = *made;
    n.id = id.empty() ? base::uuid::random(random).text() : id;
    const std::string key = shell_key(n.id);
    if (s.commands.count(key) != 0) return fault{fault_code::already_exists, {}, {}};
    n.shell = &s;
    n.client_ip = c.client_ip;
    n.process = process_ref{next_process++};
    n.started = c.now;
    n.starting = waiting_request{c.token, c.request.header().message_id};
    ++waiting;
    s.commands[key] = std::move(made);
    processes[n.process] = &n;
    return &n;
}

/// Its first fragments are in the arguments (MS-PSRP 3.1.5.3.3); the command itself is a word that nobody reads.
server_table::state::outcome server_table::state::pipeline(const call& c, server_shell& s, const start_command& wanted)
{
    auto first = fragments_of(wanted);
    if (!first) return fault{fault_code::invalid_soap_body, "The arguments are not base64.", {}};
    auto made = new_command(c, s, wanted.command_id);
    if (auto* why = std::get_if<fault>(&made)) return std::move(*why);
    server_command& n = *std::get<server_command*>(made);
    n.line = wanted.command.substr(0, options.max_command_line);
    orders.emplace_back(start_pipeline{n.process, s.commands.at({})->process, n.id, std::move(*first)});
    log.write(base::log_level::debug, "pipeline_start", {{"shell", s.info.shell_id}, {"command", n.id}});
    return {};
}

server_table::state::outcome server_table::state::command(const call& c, server_shell& s)
{
    auto read = read_command(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    auto& wanted = std::get<start_command>(read);
    if (s.kind->processes == process_use::one_for_the_shell) return pipeline(c, s, wanted);
    std::string line = join_line(wanted);
    if (line.size() > options.max_command_line) return fault{fault_code::command_line_too_long, {}, {}};
    if (base::trim(wanted.command).empty())
        return fault{fault_code::wsman_invalid_parameter, "The command is empty.", {}};
    auto made = new_command(c, s, wanted.command_id);
    if (auto* why = std::get_if<fault>(&made)) return std::move(*why);
    server_command& n = *std::get<server_command*>(made);
    n.line = line;

    start_process p;
    p.process = n.process;
    p.use_shell = !wanted.skip_cmd_shell.value_or(false);
    if (!p.use_shell) {
        p.argv.push_back(std::move(wanted.command));
        for (auto& a : wanted.arguments) p.argv.push_back(std::move(a));
    }
    p.command_line = std::move(line);
    p.working_directory = s.info.working_directory;
    p.environment = s.environment;
    p.login_profile = s.login_profile;
    p.input = !s.info.input_streams.empty();
    p.shell_id = s.info.shell_id;
    p.command_id = n.id;
    orders.emplace_back(std::move(p));
    log.write(base::log_level::debug, "command_start",
              {{"shell", s.info.shell_id}, {"command", n.id}, {"line", n.line}});
    return {};
}

server_table::state::outcome server_table::state::signal(const call& c, server_shell& s)
{
    auto read = read_signal(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const auto& wanted = std::get<signal_request>(read);
    server_command* n = find_command(s, wanted.command_id);
    if (n == nullptr || is_shell_process(*n)) return no_such_command();
    const bool packets = s.kind->streams == stream_form::packets;
    if (wanted.code == signal_code::terminate) {
        remove_command(*n, n->phase >= server_command_phase::ended ? "done" : "terminated", c.now);
    } else if (n->phase == server_command_phase::running || (packets && n->phase == server_command_phase::starting)) {
        orders.emplace_back(signal_process{n->process, wanted.code == signal_code::ctrl_break ? SIGQUIT : SIGINT});
    }
    answer(c.token, c.request.header().message_id, wsman::action::signal,
           [](xml::writer& w) { w.open("rsp:SignalResponse").close(); });
    return {};
}

/// Kills what still runs, ends what waits, forgets the command. `c` is gone afterwards.
void server_table::state::remove_command(server_command& c, const char* why, time_point now)
{
    const fault aborted{fault_code::operation_aborted, {}, {}};
    refuse_later(c.starting, aborted);
    refuse_later(c.connecting, aborted);
    end_send(c, aborted, now);
    end_receive(c, aborted, now);
    if (c.phase < server_command_phase::ended) {
        if (c.phase == server_command_phase::running) orders.emplace_back(kill_process{c.process});
        orders.emplace_back(forget_process{c.process});
        log_end(c, why, now);
    }
    processes.erase(c.process);
    server_shell& s = *c.shell;
    const std::string key = shell_key(c.id);
    std::erase(s.finished, key);
    s.commands.erase(key);
}

void server_table::state::log_end(const server_command& c, const char* why, time_point now)
{
    if (is_shell_process(c)) return; // shell_end says it
    const auto took = std::chrono::duration_cast<milliseconds>(now - c.started).count();
    log.write(base::log_level::info, "command_end",
              {{"user", options.owner},
               {"shell", c.shell->info.shell_id},
               {"command", c.id},
               {"reason", why},
               {"exit", c.phase >= server_command_phase::exited ? std::to_string(c.status) : "none"},
               {"bytes_in", std::to_string(c.bytes_in)},
               {"bytes_out", std::to_string(c.bytes_out)},
               {"ms", std::to_string(took)},
               {"client", c.client_ip}});
}

} // namespace winrm::shell
