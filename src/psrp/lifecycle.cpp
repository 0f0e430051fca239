#include "psrp/lifecycle.h"

#include "base/transition.h"

#include <array>

namespace winrm::psrp {
namespace {

using p = pool_phase;
using s = pool_step;

constexpr std::array<pool_transition, 32> pools{{
    {p::before_open, s::open, p::opening},
    {p::before_open, s::connect, p::connecting},
    {p::before_open, s::close, p::closed},
    {p::opening, s::negotiated, p::negotiated},
    {p::opening, s::close, p::closing},
    {p::opening, s::gone, p::broken},
    {p::negotiated, s::opened, p::opened},
    {p::negotiated, s::close, p::closing},
    {p::negotiated, s::gone, p::broken},
    {p::connecting, s::negotiated, p::connecting},
    {p::connecting, s::opened, p::opened},
    {p::connecting, s::close, p::closing},
    {p::connecting, s::gone, p::broken},
    {p::opened, s::disconnect, p::disconnecting},
    {p::opened, s::close, p::closing},
    {p::opened, s::gone, p::broken},
    {p::disconnecting, s::left, p::disconnected},
    {p::disconnecting, s::refused, p::opened},
    {p::disconnecting, s::close, p::closing},
    {p::disconnecting, s::gone, p::broken},
    {p::disconnected, s::reconnect, p::reconnecting},
    {p::disconnected, s::close, p::closing},
    {p::disconnected, s::gone, p::broken},
    {p::reconnecting, s::opened, p::opened},
    {p::reconnecting, s::refused, p::broken}, // MS-PSRP 3.1.4.10.2: a fault breaks it
    {p::reconnecting, s::close, p::closing},
    {p::reconnecting, s::gone, p::broken},
    {p::closing, s::negotiated, p::closing}, // what was on its way when it was closed
    {p::closing, s::opened, p::closing},
    {p::closing, s::left, p::closing},
    {p::closing, s::ended, p::closed},
    {p::closing, s::gone, p::closed},
}};

using q = pipeline_phase;
using t = pipeline_step;

constexpr std::array<pipeline_transition, 14> pipelines{{
    {q::queued, t::start, q::starting},
    {q::queued, t::stop, q::ended}, // the host never hears of it
    {q::queued, t::end, q::ended},
    {q::starting, t::started, q::running},
    {q::starting, t::stop, q::starting_to_stop},
    {q::starting, t::end, q::ended},
    {q::starting_to_stop, t::started, q::stop_due},
    {q::starting_to_stop, t::end, q::ended},
    {q::running, t::stop, q::stop_due},
    {q::running, t::end, q::ended},
    {q::stop_due, t::stop_sent, q::stopping},
    {q::stop_due, t::end, q::ended},
    {q::stopping, t::end, q::ended},
    {q::ended, t::started, q::ended}, // PIPELINE_STATE came before the answer to the order
}};

using r = server_pool_phase;
using u = server_pool_step;

constexpr std::array<server_pool_transition, 16> server_pools{{
    {r::before_open, u::capability, r::negotiated},
    {r::before_open, u::close, r::closed},
    {r::before_open, u::gone, r::broken},
    {r::negotiated, u::init, r::opening},
    {r::negotiated, u::close, r::closed},
    {r::negotiated, u::gone, r::broken},
    {r::opening, u::opened, r::opened},
    {r::opening, u::close, r::closed},
    {r::opening, u::gone, r::broken},
    {r::opened, u::leave, r::disconnected},
    {r::opened, u::close, r::closed},
    {r::opened, u::gone, r::broken},
    {r::disconnected, u::connect, r::opened},
    {r::disconnected, u::close, r::closed},
    {r::disconnected, u::gone, r::broken},
    {r::opened, u::connect, r::opened}, // another client takes over, MS-PSRP 3.2.5.3.14
}};

} // namespace

std::span<const pool_transition> pool_transitions() noexcept { return pools; }
std::span<const pipeline_transition> pipeline_transitions() noexcept { return pipelines; }
std::span<const server_pool_transition> server_pool_transitions() noexcept { return server_pools; }

std::optional<pool_phase> next(pool_phase from, pool_step step) noexcept
{
    return base::find_transition(pools, from, step);
}
std::optional<pipeline_phase> next(pipeline_phase from, pipeline_step step) noexcept
{
    return base::find_transition(pipelines, from, step);
}
std::optional<server_pool_phase> next(server_pool_phase from, server_pool_step step) noexcept
{
    return base::find_transition(server_pools, from, step);
}
bool take(pool_phase& phase, pool_step step) noexcept { return base::take_transition(pools, phase, step); }
bool take(pipeline_phase& phase, pipeline_step step) noexcept { return base::take_transition(pipelines, phase, step); }
bool take(server_pool_phase& phase, server_pool_step step) noexcept
{
    return base::take_transition(server_pools, phase, step);
}

runspacepool_state state_of(pool_phase phase) noexcept
{
    switch (phase) {
    case p::before_open: return runspacepool_state::before_open;
    case p::opening: return runspacepool_state::negotiation_sent;
    case p::negotiated: return runspacepool_state::negotiation_succeeded;
    case p::connecting:
    case p::reconnecting: return runspacepool_state::connecting;
    case p::opened:
    case p::disconnecting: return runspacepool_state::opened;
    case p::disconnected: return runspacepool_state::disconnected;
    case p::closing: return runspacepool_state::closing;
    case p::closed: return runspacepool_state::closed;
    case p::broken: break;
    }
    return runspacepool_state::broken;
}

invocation_state state_of(pipeline_phase phase) noexcept
{
    switch (phase) {
    case q::queued: return invocation_state::not_started;
    case q::starting:
    case q::running: return invocation_state::running;
    case q::starting_to_stop:
    case q::stop_due:
    case q::stopping: return invocation_state::stopping;
    case q::ended: break;
    }
    return invocation_state::completed;
}

runspacepool_state state_of(server_pool_phase phase) noexcept
{
    switch (phase) {
    case r::before_open: return runspacepool_state::before_open;
    case r::negotiated: return runspacepool_state::negotiation_succeeded;
    case r::opening: return runspacepool_state::opening;
    case r::opened: return runspacepool_state::opened;
    case r::disconnected: return runspacepool_state::disconnected;
    case r::closed: return runspacepool_state::closed;
    case r::broken: break;
    }
    return runspacepool_state::broken;
}

} // namespace winrm::psrp
