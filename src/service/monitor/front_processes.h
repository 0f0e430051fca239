// The network processes: started, given their sockets, started again when they crash.
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
    /// What fronts say. `key` is the front.
    struct news
    {
        std::function<void(std::uint64_t key, wire::login_request&&)> login;        ///< answer by the key
        std::function<void(std::uint64_t key, std::uint64_t connection)> withdrawn; ///< needs no answer any more
        std::function<void(std::uint64_t key)> lost; ///< it has ended: none of its questions needs an answer
    };
    front_processes(io::loop& on, children& family, std::string program, base::log_sink& log, news call);
    ~front_processes();

    /// Starts one front per entry of `sockets` (its own listening sockets), all with the same setup.
    void start(wire::front_setup setup, std::vector<std::vector<listening_socket>> sockets);
    /// New fronts are started on the same sockets. As soon as one is ready, the old one in its place accepts nothing
    /// more and ends with its last connection, or after longest_drain. If the new one never gets ready the old one goes
    /// on.
    void replace(wire::front_setup setup);
    static constexpr base::milliseconds longest_drain{10 * 60 * 1000};
    void started(std::uint64_t key, std::uint64_t connection);
    void answer(std::uint64_t key, std::uint64_t connection, wire::login_verdict verdict, io::unique_fd fd,
                std::uint64_t account = 0);
    /// They accept nothing more, pass on the answers that are under way, and end when `quiet` says that no more will
    /// come, at the latest after longest_stop.
    void stop(std::function<bool()> quiet);
    static constexpr base::milliseconds longest_stop{1500};
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
    /// A front failed this often in a row without having lived for a moment: it never will.
    [[nodiscard]] unsigned failures() const noexcept { return failures_; }
    void when_failed(std::function<void()> call) { failed_ = std::move(call); }
    /// How often each is asked for a sign of life; one that gives none for three times as long is killed. For those
    /// that start from now on.
    void set_heartbeat(base::milliseconds interval) { interval_ = interval; }
    /// Every place has a front that serves and answers.
    [[nodiscard]] bool alive() const;
    /// Called once, when every place has a front that is in its sandbox and accepts.
    void when_ready(std::function<void()> call) { ready_ = std::move(call); }

private:
    struct process;
    void start_one(std::size_t place);
    void heard(std::uint64_t key, io::message_socket::message m);
    void serves(process& p);
    void watch_life(process& p);
    void drain(process& p);
    void end(process& p);
    void end_when_quiet();
    void ended(std::uint64_t key, int status);

    io::loop& loop_;
    children& children_;
    std::string program_;
    base::log_sink& log_;
    news call_;
    std::function<void()> failed_, ready_;
    std::optional<wire::front_setup> setup_;
    std::vector<std::vector<listening_socket>> sockets_;
    std::vector<io::timer> restarts_;
    std::map<std::uint64_t, std::unique_ptr<process>> all_;
    std::uint64_t next_ = 1;
    base::milliseconds interval_{10'000};
    unsigned failures_ = 0;
    bool stopping_ = false;
    std::function<bool()> quiet_;
    base::time_point stop_by_{};
    io::timer stop_clock_;
};

} // namespace winrm::service::monitor
