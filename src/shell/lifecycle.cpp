#include "shell/lifecycle.h"

#include "shell/transition.h"

#include <array>

namespace winrm::shell {
namespace {

constexpr std::array<shell_transition, 18> shells{{
    {shell_phase::idle, shell_step::create, shell_phase::opening},
    {shell_phase::idle, shell_step::opened, shell_phase::open}, // attached
    {shell_phase::idle, shell_step::close, shell_phase::closed},
    {shell_phase::opening, shell_step::opened, shell_phase::open},
    {shell_phase::opening, shell_step::lost, shell_phase::closed},
    {shell_phase::open, shell_step::close, shell_phase::closing},
    {shell_phase::open, shell_step::used_up, shell_phase::renewing},
    {shell_phase::renewing, shell_step::deleted, shell_phase::opening},
    {shell_phase::renewing, shell_step::close, shell_phase::closing},
    {shell_phase::open, shell_step::disconnect, shell_phase::disconnecting},
    {shell_phase::disconnecting, shell_step::disconnected, shell_phase::disconnected},
    {shell_phase::disconnecting, shell_step::close, shell_phase::closing},
    {shell_phase::disconnected, shell_step::reconnect, shell_phase::reconnecting},
    {shell_phase::disconnected, shell_step::close, shell_phase::closing},
    {shell_phase::reconnecting, shell_step::opened, shell_phase::open},
    {shell_phase::reconnecting, shell_step::close, shell_phase::closing},
    {shell_phase::closing, shell_step::deleted, shell_phase::closed},
    {shell_phase::opening, shell_step::close,
     shell_phase::opening}, // Delete needs the id: Create's answer is waited for
}};

constexpr std::array<command_transition, 6> commands{{
    {command_phase::queued, command_step::ask, command_phase::starting},
    {command_phase::queued, command_step::end, command_phase::ended},
    {command_phase::starting, command_step::started, command_phase::running},
    {command_phase::starting, command_step::refused, command_phase::queued},
    {command_phase::starting, command_step::end, command_phase::ended},
    {command_phase::running, command_step::end, command_phase::ended},
}};

} // namespace

std::span<const shell_transition> shell_transitions() noexcept { return shells; }
std::span<const command_transition> command_transitions() noexcept { return commands; }
std::optional<shell_phase> next(shell_phase from, shell_step step) noexcept
{
    return find_transition(shells, from, step);
}
std::optional<command_phase> next(command_phase from, command_step step) noexcept
{
    return find_transition(commands, from, step);
}

} // namespace winrm::shell
