// One process per logged-in account: started at its first login, ended some time after its last shell and connection,
// or at once if another account needs its slot (max_users).
#pragma once

#include "base/log_sink.h"
#include "io/message_socket.h"
#include "service/monitor/cgroup_root.h"
#include "service/monitor/children.h"
#include "service/monitor/helper.h"
#include "service/monitor/rules.h"

#include <map>
#include <memory>
#include <vector>

namespace winrm::service::monitor {

struct user_process_options
{
    std::string program;
    wire::user_setup setup;      ///< what does not depend on the account
    std::string pam_service;     ///< "" = no sessions
    bool switch_account = false; ///< we are root
    std::size_t max_users = 10;
    base::milliseconds grace{60'000};
    /// A process that takes no connection for this long is ended; until its first status it may take longer, because
    /// PAM modules may be slow to open a session.
    base::milliseconds longest_untaken{120'000}, longest_start{300'000};
    /// Interval of pings from its first status on; it is ended when it answers none for beats_missed intervals. That is
    /// longer than for a front, because a hung user process affects its own account only.
    base::milliseconds heartbeat{10'000};
    static constexpr int beats_missed = 12;
};

class user_processes
{
public:
    user_processes(io::loop& on, children& family, user_process_options options, cgroup_root cgroups,
                   base::log_sink& log);
    ~user_processes();
    /// @return the front's end of a new connection to that account's process; empty: no resources, or too many
    /// accounts.
    [[nodiscard]] io::unique_fd connect(const identity& who, const std::string& peer, base::secret ticket = {});
    /// Processes started from now on have these. Those that run take over the log level; if anything else of the setup
    /// changed, each ends as soon as it has neither shell nor connection, and the account's next login starts a new
    /// one.
    void set_options(user_process_options options);
    /// Asks all to end; empty() some time later.
    void stop();
    /// Has this account a process with neither shell nor connection?
    [[nodiscard]] bool is_idle(const identity& who) const;
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

private:
    struct process;
    [[nodiscard]] bool make_room();
    process* start(const identity& who, const std::string& peer);
    void await_taken(process& p);
    void check_heartbeat(process& p);
    void frame_arrived(std::uint64_t number, io::message_socket::message m);
    void end(process& p, base::bytes_view reason);
    /// Ends an idle process, at once if its settings are outdated, else after the grace time.
    void check_idle(process& p);
    void ended(std::uint64_t number, int status);
    /// Kills it: a stopped process (its own commands can do that) does not end by itself.
    void end_stuck(process& p, base::bytes_view reason);
    [[nodiscard]] cgroup_root::ceiling ceiling_of_account() const;
    void tidy_cgroups();
    void remove_tickets(const identity& who);

    io::loop& loop_;
    children& children_;
    user_process_options options_;
    cgroup_root cgroups_;
    base::log_sink& log_;
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, std::unique_ptr<process>> all_;
    std::map<std::string, std::uint64_t> serving_; ///< by key_of()
    std::vector<std::string> left_cgroups_;        ///< of processes that have ended; to be removed
    io::timer tidy_clock_;
};

/// "exit 1", "signal 9"
[[nodiscard]] std::string describe_end(int wait_status);

} // namespace winrm::service::monitor
