// Disconnect, Reconnect, Connect (MS-WSMV 3.1.4.15–17), and the end of a shell whose process is gone.
#include "shell/server_table_state.h"

#include "base/text.h"

#include <utility>

namespace winrm::shell {

fault lost_fault(const server_shell& s) { return {fault_code::service_stream_disconnected, s.lost, {}}; }

server_table::state::outcome server_table::state::disconnect(const call& c, server_shell& s)
{
    auto read = read_disconnect(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const auto& wanted = std::get<disconnect_shell>(read);
    if (wanted.idle_timeout && *wanted.idle_timeout > options.max_idle_timeout)
        return fault{fault_code::idle_timeout_out_of_bounds, {}, {}};
    if (!step(s.phase, server_shell_step::disconnect)) return fault{fault_code::disconnect_not_valid, {}, {}};
    if (wanted.idle_timeout) s.info.idle_timeout = s.idle = std::max(*wanted.idle_timeout, options.min_idle_timeout);
    // Nothing is lost: what a Receive would have brought stays for whoever comes back.
    for (auto& [key, n] : s.commands) end_receive(*n, {fault_code::shell_disconnected, {}, {}}, c.now);
    answer(c.token, c.request.header().message_id, c.request.header().action, {});
    return {};
}

server_table::state::outcome server_table::state::reconnect(const call& c, server_shell& s)
{
    const auto& h = c.request.header();
    if (!base::iequals(h.session_id, s.session_id)) return fault{fault_code::client_session_mismatch, {}, {}};
    if (!step(s.phase, server_shell_step::reconnect)) return fault{fault_code::reconnect_not_valid, {}, {}};
    answer(c.token, h.message_id, h.action, {});
    return {};
}

/// Another client takes the shell over, and then each of its commands.
server_table::state::outcome server_table::state::connect(const call& c, server_shell& s)
{
    auto read = read_connect(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    auto& wanted = std::get<connect_shell>(read);
    const auto& h = c.request.header();
    if (!wanted.command_id.empty()) {
        if (s.phase == server_shell_phase::disconnected) return fault{fault_code::shell_disconnected, {}, {}};
        server_command* const n = find_command(s, wanted.command_id);
        if (n == nullptr) return no_such_command();
        answer(c.token, h.message_id, h.action, [](xml::writer& w) { write_connect_reply(w, {}); });
        return {};
    }
    server_command& process = *s.commands.at({});
    if (s.phase != server_shell_phase::disconnected || process.connecting)
        return fault{fault_code::connected_to_other_client, {}, {}};
    if (wanted.connect_xml.empty()) return fault{fault_code::wsman_invalid_parameter, "There is no connectXml.", {}};
    process.connecting = waiting_request{c.token, h.message_id};
    ++waiting;
    s.connector = h.session_id;
    orders.emplace_back(connect_shell_process{process.process, std::move(wanted.connect_xml)});
    return {};
}

void server_table::state::connected(server_command& c, std::optional<base::bytes> reply, time_point)
{
    if (!c.connecting) return;
    server_shell& s = *c.shell;
    if (!reply)
        return refuse_later(c.connecting,
                            {fault_code::wsman_invalid_parameter, "connectXml does not fit this shell.", {}});
    if (!step(s.phase, server_shell_step::connect))
        return refuse_later(c.connecting, {fault_code::connected_to_other_client, {}, {}});
    s.session_id = std::exchange(s.connector, {});
    for (auto& [key, n] : s.commands) { // the new client begins to count where it comes in
        n->output.confirm();
        n->answers = 0;
    }
    answer_later(c.connecting, wsman::action::connect, [&](xml::writer& w) {
        write_connect_reply(w, {s.info.input_streams, s.info.output_streams, std::move(*reply)});
    });
}

/// Every Receive gets what there still is, and then the reason. Whoever never asks does not keep the shell for long.
void server_table::state::lose_shell(server_shell& s, std::string text, time_point now)
{
    if (!step(s.phase, server_shell_step::lose)) return;
    s.lost = std::move(text);
    s.dies = std::min(s.dies, now + options.lost_time);
    log.write(base::log_level::info, "shell_lost",
              {{"user", options.owner}, {"shell", s.info.shell_id}, {"reason", s.lost}});
    orders.emplace_back(forget_process{s.commands.at({})->process});
    const fault why = lost_fault(s);
    for (auto& [key, n] : s.commands) {
        refuse_later(n->starting, why);
        refuse_later(n->connecting, why);
        drop_input(*n, now);
        try_answer(*n, now);
    }
}

/// Like any other answer, but nothing is waited for, and after the last byte comes the fault.
void server_table::state::answer_lost(server_command& c, time_point now)
{
    if (!c.receiving) return;
    const std::size_t room = c.receiving->room;
    auto p = c.output.cut(c.receiving->streams, room, block_tags(c, room), true);
    if (p.blocks.empty()) return end_receive(c, lost_fault(*c.shell), now);
    const auto packed = pack(*c.shell, p.blocks);
    auto request = std::optional(std::move(c.receiving->request));
    answer_later(request, wsman::action::receive,
                 [&](xml::writer& w) { write_receive_reply(w, c.id, p.blocks, command_state::running, std::nullopt); });
    ++c.answers;
    if (!c.receiving->counted) c.output.confirm();
    c.receiving.reset();
}

} // namespace winrm::shell
