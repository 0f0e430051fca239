// The lives of the service's shells and commands as tables, as lifecycle.h has them for the client.
#pragma once

#include <optional>
#include <span>

namespace winrm::shell {

/// connected: it belongs to the session (p:SessionId) that made it or connected last. disconnected: to none, and waits.
/// lost: its process is gone; what it had said can still be received. closing: its commands are being ended; then it is
/// gone.
enum class server_shell_phase { connected, disconnected, lost, closing };
/// disconnect, reconnect, connect: the verbs (MS-WSMV 3.1.4.15–17). lose: the one process of the shell has ended.
/// close: Delete, a time limit, the service's end.
enum class server_shell_step { disconnect, reconnect, connect, lose, close };
struct server_shell_transition
{
    server_shell_phase from;
    server_shell_step step;
    server_shell_phase to;
};

/// starting: the process is being made, Command is not answered yet. running: it is there. exited: it has ended, its
/// pipes may still bring output. ended: they are at their end too. reported: a Receive was told Done and the status.
enum class server_command_phase { starting, running, exited, ended, reported };
/// start: the process is there. exit: it has ended. drain: nothing comes from its pipes any more. report: Done is in an
/// answer.
enum class server_command_step { start, exit, drain, report };
struct server_command_transition
{
    server_command_phase from;
    server_command_step step;
    server_command_phase to;
};

[[nodiscard]] std::span<const server_shell_transition> server_shell_transitions() noexcept;
[[nodiscard]] std::span<const server_command_transition> server_command_transitions() noexcept;
/// nullopt: the step means nothing in this phase and is to be ignored.
[[nodiscard]] std::optional<server_shell_phase> next(server_shell_phase from, server_shell_step step) noexcept;
[[nodiscard]] std::optional<server_command_phase> next(server_command_phase from, server_command_step step) noexcept;

} // namespace winrm::shell
