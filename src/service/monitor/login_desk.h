// Logins that wait: for their turn, for the gate, for the child that checks them.
#pragma once

#include "base/log_sink.h"
#include "service/monitor/authenticator.h"
#include "service/monitor/login_gate.h"
#include "service/wire/frames.h"

#include <deque>

namespace winrm::service::monitor {

class login_desk
{
public:
    static constexpr std::size_t max_waiting = 512; ///< one more is answered "unavailable" at once

    using answer = std::function<void(const wire::login_request&, login_result)>;
    login_desk(io::loop& on, children& family, login_policy policy, std::size_t parallel, base::log_sink& log);

    /// @param key   whose question it is; drop(key) forgets those that still wait.
    /// @param done  called once, from the loop, with the request (its password already gone).
    void ask(std::uint64_t key, wire::login_request&& request, answer done);
    void drop(std::uint64_t key);
    void set_policy(login_policy policy, std::size_t parallel);

private:
    struct waiting
    {
        std::uint64_t key;
        wire::login_request request;
        answer done;
        std::unique_ptr<io::timer> turn;
    };
    void start_some();
    void start(waiting&& w);
    void finish(waiting& w, login_result r);

    io::loop& loop_;
    base::log_sink& log_;
    authenticator authenticator_;
    login_gate gate_;
    std::size_t parallel_, running_ = 0;
    std::deque<waiting> queue_;                ///< ready to be checked
    std::map<std::uint64_t, waiting> delayed_; ///< their time has not come
    std::uint64_t next_ = 1;
};

} // namespace winrm::service::monitor
