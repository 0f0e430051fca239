// The lives of a pool and of its pipelines on both ends as tables (MS-PSRP 3.1.1.2.2, 3.1.1.3.2, 3.2.1.2.2, 3.2.1.3.2):
// code, tests and doc/PROTOCOL.md read the same rows.
#pragma once

#include "psrp/objects.h"

#include <optional>
#include <span>

namespace winrm::psrp {

/// What MS-PSRP calls the RunspacePool state, and what lies between: an order that is not answered yet.
enum class pool_phase {
    before_open,
    opening,    ///< NegotiationSent
    negotiated, ///< NegotiationSucceeded
    connecting, ///< Connecting, to a pool of another client
    opened,
    disconnecting,
    disconnected,
    reconnecting,
    closing,
    closed,
    broken
};
/// open, connect, disconnect, reconnect, close: the application. negotiated: SESSION_CAPABILITY came. opened:
/// RUNSPACEPOOL_STATE Opened, or the answers to Connect and Reconnect. left: Disconnect was answered. refused: it was
/// not carried out. gone: the way to the host or the pool there is. ended: the close was answered, or given up.
enum class pool_step { open, connect, negotiated, opened, disconnect, left, refused, reconnect, close, gone, ended };
struct pool_transition
{
    pool_phase from;
    pool_step step;
    pool_phase to;
};

enum class pipeline_phase {
    queued,           ///< the pool is not open yet
    starting,         ///< CREATE_PIPELINE is under way
    starting_to_stop, ///< the same, and it is to be stopped then
    running,
    stop_due, ///< to be stopped by the next order
    stopping,
    ended
};
/// start: the order goes out. started: it was answered. stop: the application. stop_sent: the order goes out.
/// end: PIPELINE_STATE with an end, an order that failed, the end of the pool.
enum class pipeline_step { start, started, stop, stop_sent, end };
struct pipeline_transition
{
    pipeline_phase from;
    pipeline_step step;
    pipeline_phase to;
};

/// The server's pool. capability, init, connect: the messages. opened: the application has made the runspaces. leave:
/// Disconnect. close: Delete, or the application. gone: an error.
enum class server_pool_phase { before_open, negotiated, opening, opened, disconnected, closed, broken };
enum class server_pool_step { capability, init, opened, leave, connect, close, gone };
struct server_pool_transition
{
    server_pool_phase from;
    server_pool_step step;
    server_pool_phase to;
};

[[nodiscard]] std::span<const pool_transition> pool_transitions() noexcept;
[[nodiscard]] std::span<const pipeline_transition> pipeline_transitions() noexcept;
[[nodiscard]] std::span<const server_pool_transition> server_pool_transitions() noexcept;
/// nullopt: the step means nothing in this phase and is to be ignored.
[[nodiscard]] std::optional<pool_phase> next(pool_phase from, pool_step step) noexcept;
[[nodiscard]] std::optional<pipeline_phase> next(pipeline_phase from, pipeline_step step) noexcept;
[[nodiscard]] std::optional<server_pool_phase> next(server_pool_phase from, server_pool_step step) noexcept;
/// Takes the step. @return false: it means nothing here
bool take(pool_phase& phase, pool_step step) noexcept;
bool take(pipeline_phase& phase, pipeline_step step) noexcept;
bool take(server_pool_phase& phase, server_pool_step step) noexcept;

/// In the specification's words.
[[nodiscard]] runspacepool_state state_of(pool_phase phase) noexcept;
[[nodiscard]] invocation_state state_of(pipeline_phase phase) noexcept;
[[nodiscard]] runspacepool_state state_of(server_pool_phase phase) noexcept;

} // namespace winrm::psrp
