// PowerShell's out-of-process transport on one side, WS-Man on the other: what a real pwsh (or any other client that
// speaks the lines of psrp/out_of_proc.h) says goes to a host. Reads no message but far enough to know where
// INIT_RUNSPACEPOOL ends, for Create holds SESSION_CAPABILITY and that. Pure.
#pragma once

#include "powershell/carrier.h"
#include "psrp/out_of_proc.h"

#include <set>

namespace winrm::powershell {

/// A line to be written for the client, with its LF.
struct line_ready
{
    std::string text;
};
/// Nothing follows: the client has closed the session and it is deleted, or there was an error.
struct bridge_finished
{
    std::optional<winrm::error> error;
};
using bridge_event = std::variant<line_ready, bridge_finished>;

class bridge
{
public:
    explicit bridge(carrier_options options);

    /// What the client writes, in pieces of any size. `end`: it will write no more, and the session is closed.
    void received(base::bytes_view bytes, bool end, base::time_point now);
    /// Ends without waiting for the client.
    void cancel(winrm::error why, base::time_point now);
    void pause() noexcept { carrier_.pause(); }
    void resume() noexcept { carrier_.resume(); }

    [[nodiscard]] std::optional<shell::run_exchange> poll_request(base::time_point now)
    {
        return carrier_.poll_request(now);
    }
    void handle_reply(shell::exchange_id id, const wsman::incoming_reply& r, base::time_point now)
    {
        carrier_.handle_reply(id, r, now);
    }
    void handle_failure(shell::exchange_id id, winrm::error e, base::time_point now)
    {
        carrier_.handle_failure(id, std::move(e), now);
    }
    [[nodiscard]] std::optional<bridge_event> poll_event(base::time_point now);
    [[nodiscard]] base::time_point deadline() const noexcept { return carrier_.deadline(); }
    void handle_timeout(base::time_point now) { carrier_.handle_timeout(now); }

private:
    void take(psrp::packet&& p, base::time_point now);
    void take_data(psrp::packet&& p, base::time_point now);
    void order(decltype(psrp::carry::what) what, psrp::packet_kind ack, const base::uuid& guid, base::time_point now);
    void acknowledge(psrp::packet_kind ack, const base::uuid& guid);
    void no_longer_running(const base::uuid& guid);
    void fail(winrm::error e, base::time_point now);
    void translate(carrier_event&& e, base::time_point now);

    struct owed
    {
        psrp::packet_kind ack;
        base::uuid guid;
    };
    carrier carrier_;
    psrp::out_of_proc_reader reader_;
    base::bytes opening_; ///< fragments of the pool before Create
    bool opened_ = false, ended_ = false;
    std::set<base::uuid> announced_; ///< Command came, its first data has not
    std::set<base::uuid> running_;   ///< fragments of it may still come
    std::set<base::uuid> stopped_;   ///< SignalAck is owed: it must not overtake the pipeline's last state
    std::map<psrp::carry_id, owed> owed_;
    std::uint64_t next_ = 1;
    std::deque<bridge_event> events_;
    std::optional<winrm::error> failure_;
};

} // namespace winrm::powershell
