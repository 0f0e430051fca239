// The monitor: connects fronts, logins and user processes and reacts to signals. It reads frames of its own front and
// user processes only, each checked against rules.h first.
#pragma once

#include "service/monitor/front_processes.h"
#include "service/monitor/login_desk.h"
#include "service/monitor/settings.h"
#include "service/monitor/token_logins.h"
#include "service/monitor/token_plan.h"
#include "service/monitor/token_process.h"
#include "service/monitor/user_processes.h"
#include "service/wire/level_log.h"

#include <optional>
#include <set>

namespace winrm::service::monitor {

/// Everything that is decided before the first socket is made.
struct plan
{
    settings values;
    std::string certificate_pem;
    base::secret key_pem;
    login_policy policy;
    token_plan tokens;
    bool test = false;       ///< no change of account, ends with standard input
    std::string config_path; ///< read again on SIGHUP; "" = ignore SIGHUP
};

class monitor
{
public:
    /// `on` and `log` outlive this object.
    monitor(io::loop& on, plan p, wire::level_log& log);
    ~monitor();
    /// Binds and starts the fronts.  @errors bad_config
    [[nodiscard]] result<void> start();
    /// Valid after start(), in the order of the settings.
    [[nodiscard]] const std::vector<listening_socket>& listening() const { return shown_; }
    /// @param call  called once, from run(), when connections are served: every front is in its sandbox and accepts.
    void when_ready(std::function<void()> call) { when_ready_ = std::move(call); }
    /// @return exit status: 0 = stopped as requested, 1 = never became ready.
    int run();
    /// A test service's standard input ended before a client could connect.
    [[nodiscard]] bool ended_early() const noexcept { return ended_early_; }

private:
    void login(std::uint64_t key, wire::login_request&& request);
    void start_tokens();
    void token_leg(std::uint64_t key, wire::login_request&& request);
    void pass_steps();
    void token_answered(wire::token_answer&& answer);
    void conclude(std::uint64_t key, const wire::login_request& request, const login_result& r,
                  wire::login_answer&& answer, base::secret ticket = {});
    void ask_domain(token_logins::question&& q, wire::token_answer&& answer);
    void give_up(std::vector<token_logins::question>&& all, const std::string& reason);
    void give_up_one(token_logins::question&& q, const std::string& reason);
    void end_login(std::uint64_t key, std::uint64_t connection);
    void refuse(std::uint64_t key, const wire::login_request& request, const char* reason);
    void note_ready();
    [[nodiscard]] wire::token_setup token_setup_of() const;
    void signalled(int number);
    void reload();
    void stop(const char* why);
    void watch_standard_input();
    void input_ended();
    void feed_watchdog();
    [[nodiscard]] wire::front_setup front_setup_of() const;
    [[nodiscard]] user_process_options user_options_of() const;

    plan plan_;
    wire::level_log& log_;
    io::loop& loop_;
    children children_;
    io::timer watchdog_clock_;
    io::signal_watch signals_;
    std::optional<user_processes> users_;
    std::optional<front_processes> fronts_;
    std::optional<login_desk> desk_;
    std::optional<token_process> reader_; ///< of tokens
    token_logins legs_;
    io::timer legs_clock_;
    std::optional<io::descriptor> input_;
    int input_flags_ = -1;
    std::vector<listening_socket> shown_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> pending_; ///< front and connection of each login under way
    std::function<void()> when_ready_;
    bool fronts_ready_ = false, ready_ = false, stopping_ = false, ended_early_ = false;
    int status_ = 0;
};

/// The policy for logins under these settings. @param root  do we run as root?
[[nodiscard]] login_policy policy_of(const settings& s, bool root);
/// Longest time between two notifications to systemd's watchdog, from the environment (sd_watchdog_enabled(3)); 0 = no
/// watchdog. @param usec, pid  WATCHDOG_USEC and WATCHDOG_PID, may be null
[[nodiscard]] base::milliseconds watchdog_time(const char* usec, const char* pid, pid_t own);
/// sd_notify(3), if NOTIFY_SOCKET is set.
void notify_systemd(const std::string& state);

} // namespace winrm::service::monitor
