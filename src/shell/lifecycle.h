// The lifecycles of the client's shell and commands as tables: code, tests and doc/PROTOCOL.md read the same rows.
#pragma once

#include <optional>
#include <span>

namespace winrm::shell {

enum class shell_phase { idle, opening, open, renewing, disconnecting, disconnected, reconnecting, closing, closed };
/// create: Create is sent. opened: it was answered (or a shell was attached). lost: Create failed, no id is known.
/// used_up: a quota of the shell is used up, it takes no further command; Delete, then Create of another.
/// close: the application, or a fault that says the shell is gone. deleted: Delete was answered or given up.
/// disconnect, reconnect: asked. disconnected: Disconnect was answered.
enum class shell_step { create, opened, lost, used_up, disconnect, disconnected, reconnect, close, deleted };
struct shell_transition
{
    shell_phase from;
    shell_step step;
    shell_phase to;
};

enum class command_phase { queued, starting, running, ended };
/// ask: Command is sent. started: it was answered. refused: it was not started, and waits for another shell.
/// end: Done, a fault, a lost connection or close().
enum class command_step { ask, started, refused, end };
struct command_transition
{
    command_phase from;
    command_step step;
    command_phase to;
};

[[nodiscard]] std::span<const shell_transition> shell_transitions() noexcept;
[[nodiscard]] std::span<const command_transition> command_transitions() noexcept;
/// nullopt: the step means nothing in this phase and is to be ignored.
[[nodiscard]] std::optional<shell_phase> next(shell_phase from, shell_step step) noexcept;
[[nodiscard]] std::optional<command_phase> next(command_phase from, command_step step) noexcept;

} // namespace winrm::shell
