// A Windows host with PowerShell as a WS-Man service in memory: answers envelopes of one pool, under a clock that the
// test moves.
#pragma once

#include "base/base64.h"
#include "clixml/writer.h"
#include "psrp/fragment.h"
#include "psrp/message.h"
#include "psrp/pool_messages.h"
#include "shell/messages.h"
#include "shell/paced_shell.h"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace winrm::powershell::test {

class fake_host
{
public:
    /// What a pipeline outputs; then it is Completed.
    std::vector<clixml::value> outputs{clixml::value(1), clixml::value("two")};
    bool hangs = false;                       ///< a pipeline goes on until it is stopped
    std::vector<std::string> actions;         ///< last words of the actions that came, in order
    std::string create, command_id;           ///< creationXml, decoded; CommandId
    std::map<std::string, std::string> input; ///< bytes by stream

    /// nullopt: a Receive that waits.
    std::optional<wsman::incoming_reply> answer(const wsman::outgoing_request& r)
    {
        const std::string& action = r.header.action;
        const auto request = read(r);
        auto said = say(action, request);
        if (said) actions.push_back(action.substr(action.rfind('/') + 1));
        return said;
    }

    /// A Receive of this command (or the pool) would be answered now.
    [[nodiscard]] bool has_output(const std::string& command) const
    {
        const auto at = waiting_.find(command);
        return (at != waiting_.end() && !at->second.empty()) || (!command.empty() && done_);
    }

private:
    std::optional<wsman::incoming_reply> say(const std::string& action, const wsman::incoming_request& request)
    {
        if (action == wsman::action::create) return created(*request.payload());
        if (action == wsman::action::command) return command(request);
        if (action == wsman::action::receive) return receive(request);
        if (action == wsman::action::send) {
            const auto read = shell::read_send(request);
            for (const auto& b : std::get<std::vector<shell::stream_block>>(read)) input[b.stream] += b.data;
        }
        if (action == wsman::action::signal && hangs) {
            hangs = false;
            says(command_id, psrp::message_type::pipeline_state,
                 psrp::pipeline_state_message{psrp::invocation_state::stopped, {}}.to_value());
            done_ = true;
        }
        return reply(action, {});
    }

    static wsman::incoming_request read(wsman::outgoing_request r)
    {
        r.header.message_id = "uuid:1";
        r.header.to = "http://host/wsman";
        auto got = wsman::read_request(wsman::write_request(r), base::limits{});
        return std::get<wsman::incoming_request>(std::move(got));
    }

    static wsman::incoming_reply reply(base::bytes_view action, const wsman::body_writer& body)
    {
        return *wsman::read_reply(wsman::write_reply({"uuid:2", ""}, wsman::action::response_of(action), body),
                                  base::limits{}, {});
    }

    wsman::incoming_reply created(const xml::element& shell)
    {
        for (const auto* e : shell.children())
            if (e->local() == "creationXml") static_cast<void>(base::base64_decode(e->text(), create));
        psrp::session_capability capability;
        says("", psrp::message_type::session_capability, capability.to_value());
        says("", psrp::message_type::runspacepool_state,
             psrp::runspacepool_state_message{psrp::runspacepool_state::opened, {}}.to_value());
        shell::shell_info info;
        info.shell_id = *shell.attribute_value({}, "ShellId");
        return reply(wsman::action::create,
                     [&](xml::writer& w) { shell::write_create_reply(w, info, "http://host/wsman"); });
    }

    wsman::incoming_reply command(const wsman::incoming_request& r)
    {
        command_id = std::get<shell::start_command>(shell::read_command(r)).command_id;
        if (!hangs) {
            for (const auto& v : outputs) says(command_id, psrp::message_type::pipeline_output, v);
            says(command_id, psrp::message_type::pipeline_state,
                 psrp::pipeline_state_message{psrp::invocation_state::completed, {}}.to_value());
            done_ = true;
        }
        return reply(wsman::action::command, [&](xml::writer& w) { shell::write_command_reply(w, command_id); });
    }

    std::optional<wsman::incoming_reply> receive(const wsman::incoming_request& r)
    {
        const auto wanted = std::get<shell::receive_request>(shell::read_receive(r));
        if (!has_output(wanted.command_id)) return std::nullopt;
        const std::string bytes = std::exchange(waiting_[wanted.command_id], {});
        std::vector<shell::outgoing_block> blocks;
        if (!bytes.empty()) blocks.push_back({"stdout", bytes, false});
        const auto state =
            done_ && !wanted.command_id.empty() ? shell::command_state::done : shell::command_state::running;
        return reply(wsman::action::receive,
                     [&](xml::writer& w) { shell::write_receive_reply(w, wanted.command_id, blocks, state, {}); });
    }

    void says(const std::string& command, psrp::message_type type, const clixml::value& content)
    {
        psrp::message m{psrp::destination::client, type, {}, base::uuid::parse(command), clixml::write(content)};
        psrp::fragmenter f;
        f.push(++objects_, psrp::write_message(m));
        while (!f.empty()) waiting_[command] += f.take(32'768);
    }

    std::map<std::string, std::string> waiting_;
    std::uint64_t objects_ = 0;
    bool done_ = false;
};

} // namespace winrm::powershell::test
