// The network processes: started, given their sockets, restarted when they crash.
#pragma once

#include "base/log_sink.h"
#include "io/message_socket.h"
#include "service/monitor/children.h"
#include "service/monitor/listening.h"
#include "service/monitor/rules.h"

#include <functional>
#include <map>
#include <memory>

namespace winrm::service::monitor {

class front_processes
{
public:
    /// What fronts report. `key` is the front.
    struct news
    {
        std::function<void(std::uint64_t key, wire::login_request&&)> login;        ///< answer by the key
        std::function<void(std::uint64_t key, std::uint64_t connection)> withdrawn; ///< needs no answer any more
        std::function<void(std::uint64_t key)> lost; ///< it has ended: none of its logins needs an answer
    };
    front_processes(io::loop& on, children& family, std::string program, base::log_sink& log, news call);
    ~front_processes();

    /// Starts one front per entry of `sockets` (its own listening sockets), all with the same setup.
    void start(wire::front_setup setup, std::vector<std::vector<listening_socket>> sockets);
    /// Starts new fronts on the same sockets. As soon as one is ready, the old one of its slot accepts nothing more and
    /// ends with its last connection, or after longest_drain. If the new one never becomes ready the old one serves on.
    void replace(wire::front_setup setup);
    static constexpr base::milliseconds longest_drain{10 * 60 * 1000};
    /// Of the certificate that this front was started with: what logins over its TLS are bound to.
    [[nodiscard]] std::string end_point(std::uint64_t key) const;
    void started(std::uint64_t key, std::uint64_t connection);
    /// @param fd  accepted: the front's end of the way to the user's process
    void answer(std::uint64_t key, const wire::login_answer& said, io::unique_fd fd = {});
    /// They accept nothing more, pass on answers under way, and end when `idle` returns true (no more answers will
    /// come), at the latest after longest_stop.
    void stop(std::function<bool()> idle);
    static constexpr base::milliseconds longest_stop{1500};
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
    /// How often in a row a front ended soon after its start.
    [[nodiscard]] unsigned failures() const noexcept { return failures_; }
    void when_failed(std::function<void()> call) { failed_ = std::move(call); }
    /// Interval of pings; a front that answers none for three intervals is killed. For fronts started from now on.
    void set_heartbeat(base::milliseconds interval) { interval_ = interval; }
    /// Every slot has a front that serves and answers pings.
    [[nodiscard]] bool alive() const;
    /// Called once, when every slot has a front that is in its sandbox and accepts.
    void when_ready(std::function<void()> call) { ready_ = std::move(call); }

private:
    struct process;
    void start_one(std::size_t slot);
    void frame_arrived(std::uint64_t key, io::message_socket::message m);
    void became_ready(process& p);
    void check_heartbeat(process& p);
    void drain(process& p);
    void end(process& p);
    void end_when_idle();
    void ended(std::uint64_t key, int status);

    io::loop& loop_;
    children& children_;
    std::string program_;
    base::log_sink& log_;
    news call_;
    std::function<void()> failed_, ready_;
    std::optional<wire::front_setup> setup_;
    std::vector<std::vector<listening_socket>> sockets_; ///< by slot: one front serves it, a second may replace it
    std::vector<io::timer> restarts_;
    std::map<std::uint64_t, std::unique_ptr<process>> all_;
    std::uint64_t next_ = 1;
    base::milliseconds interval_{10'000};
    unsigned failures_ = 0;
    bool stopping_ = false;
    std::function<bool()> idle_;
    base::time_point stop_by_{};
    io::timer stop_clock_;
};

} // namespace winrm::service::monitor
