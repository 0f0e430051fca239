#include "shell/server_lifecycle.h"

#include "shell/transition.h"

#include <array>

namespace winrm::shell {
namespace {

constexpr std::array<server_shell_transition, 8> shells{{
    {server_shell_phase::connected, server_shell_step::disconnect, server_shell_phase::disconnected},
    {server_shell_phase::connected, server_shell_step::close, server_shell_phase::closing},
    {server_shell_phase::disconnected, server_shell_step::reconnect, server_shell_phase::connected},
    {server_shell_phase::disconnected, server_shell_step::connect, server_shell_phase::connected},
    {server_shell_phase::disconnected, server_shell_step::close, server_shell_phase::closing},
    {server_shell_phase::connected, server_shell_step::lose, server_shell_phase::lost},
    {server_shell_phase::disconnected, server_shell_step::lose, server_shell_phase::lost},
    {server_shell_phase::lost, server_shell_step::close, server_shell_phase::closing},
}};

// A command that is ended before its own end (Signal terminate, Delete, not started) is forgotten in any phase: no row.
constexpr std::array<server_command_transition, 4> commands{{
    {server_command_phase::starting, server_command_step::start, server_command_phase::running},
    {server_command_phase::running, server_command_step::exit, server_command_phase::exited},
    {server_command_phase::exited, server_command_step::drain, server_command_phase::ended},
    {server_command_phase::ended, server_command_step::report, server_command_phase::reported},
}};

} // namespace

std::span<const server_shell_transition> server_shell_transitions() noexcept { return shells; }
std::span<const server_command_transition> server_command_transitions() noexcept { return commands; }
std::optional<server_shell_phase> next(server_shell_phase from, server_shell_step step) noexcept
{
    return find_transition(shells, from, step);
}
std::optional<server_command_phase> next(server_command_phase from, server_command_step step) noexcept
{
    return find_transition(commands, from, step);
}

} // namespace winrm::shell
