// winrmd-token: started, watched and started again.
#pragma once

#include "base/log_sink.h"
#include "io/message_socket.h"
#include "service/monitor/children.h"
#include "service/monitor/heartbeat.h"
#include "service/monitor/rules.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace winrm::service::monitor {

class token_process
{
public:
    struct news
    {
        std::function<void(wire::token_answer&&)> answer;
        std::function<void()> lost; ///< it has ended: no step gets an answer, no login goes on
    };
    token_process(io::loop& on, children& family, std::string program, base::log_sink& log, news call);
    ~token_process();

    /// Starts it; later: new settings, for logins that begin from then on.
    void set(wire::token_setup setup);
    /// @return false: it does not serve at the moment
    [[nodiscard]] bool send(const wire::token_step& step);
    void send(const wire::token_drop& drop);
    void stop();
    [[nodiscard]] bool serving() const noexcept { return state_ == peer_state::serving; }
    /// How often in a row it ended soon after its start.
    [[nodiscard]] unsigned failures() const noexcept { return failures_; }
    /// Called once, when it is in its sandbox for the first time.
    void when_ready(std::function<void()> call) { ready_ = std::move(call); }
    /// As of fronts: an interval of pings; three without an answer, and it is killed.
    void set_heartbeat(base::milliseconds interval) { interval_ = interval; }

private:
    void start();
    void send_setup();
    void frame_arrived(io::message_socket::message m);
    void closed();
    void check_heartbeat();
    void ended(int status);

    io::loop& loop_;
    children& children_;
    std::string program_;
    base::log_sink& log_;
    news call_;
    std::function<void()> ready_;
    wire::token_setup setup_;
    base::milliseconds interval_{10'000};
    pid_t pid_ = 0; ///< 0 = does not run
    peer_state state_ = peer_state::starting;
    base::time_point since_{};
    unsigned failures_ = 0;
    std::unique_ptr<io::message_socket> socket_;
    std::optional<heartbeat> beat_;
    io::timer beat_clock_, restart_;
};

} // namespace winrm::service::monitor
