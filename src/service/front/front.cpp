#include "service/front/front.h"

#include "auth/login/sealing.h"
#include "io/log.h"
#include "service/front/front_server.h"
#include "service/front/rules.h"
#include "service/sandbox/sandbox.h"

#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace winrm::service::front {
namespace {

/// Two per connection (client, user process), closing and refused ones included; the listeners; loop, log and monitor.
std::uint64_t descriptors_for(const wire::front_setup& setup)
{
    return (setup.max_connections + front_server::max_closing) * 2 + turned_away::most + setup.listeners.size() + 64;
}

constexpr base::milliseconds longest_flush{1000};

class process
{
public:
    explicit process(int control_fd) : control_(loop_, io::unique_fd{control_fd}, wire::max_control_frame, 64)
    {
        control_.wipe_after_use();
        control_.start([this](io::message_socket::message m) { control_frame(std::move(m)); },
                       [this] { loop_.stop(); });
    }

    int run()
    {
        loop_.run();
        return status_;
    }

private:
    void control_frame(io::message_socket::message m)
    {
        auto frame = wire::decode(std::move(m.payload));
        const rule* r = frame ? wire::find_rule(monitor_rules, state_, frame->index()) : nullptr;
        if (!r) {
            status_ = 1;
            return loop_.stop();
        }
        switch (r->what) {
        case front_duty::begin:
            if (!begin(std::get<wire::front_setup>(*frame), std::move(m.fds))) loop_.stop();
            return;
        case front_duty::pass_login_answer:
            return server_->login_answered(std::get<wire::login_answer>(*frame), std::move(m.fds));
        case front_duty::note_login_started:
            return server_->login_started(std::get<wire::login_started>(*frame).connection);
        case front_duty::answer_ping: return control_.send(wire::encode(wire::frame{wire::pong{}}));
        case front_duty::drain: state_ = front_state::draining; return server_->drain([this] { loop_.stop(); });
        case front_duty::stop: return stop();
        case front_duty::end: return loop_.stop();
        }
    }

    /// Answers that are on their way, here or in user processes that end at this moment, are still sent.
    void stop()
    {
        state_ = front_state::stopping;
        server_->drain([this] { loop_.stop(); });
        flush_until_ = loop_.now() + longest_flush;
        flush();
    }

    void flush()
    {
        if (!server_->busy() || loop_.now() >= flush_until_) return loop_.stop();
        flush_timer_.set_after(base::milliseconds{10}, [this] { flush(); });
    }

    [[nodiscard]] bool begin(const wire::front_setup& setup, std::vector<io::unique_fd> listeners)
    {
        log_ = io::stderr_log(loop_, "winrmd-front", static_cast<base::log_level>(setup.log_level));
        const auto refuse = [this](std::string reason) {
            log_->write(base::log_level::error, "front_refuses", {{"reason", std::move(reason)}});
            return false;
        };
        if (listeners.size() != setup.listeners.size()) return refuse("not one descriptor per listener");
        std::optional<net::tls_context> tls;
        for (const wire::listener& l : setup.listeners) {
            if (!l.tls || tls) continue;
            auto made = net::tls_context::server(setup.certificate_pem, setup.key_pem);
            if (!made) return refuse(made.error().message());
            tls.emplace(std::move(*made));
        }
        if (!setup.token_schemes.empty()) auth::prepare_sealers();
        const sandbox::sandbox_report box = sandbox::enter_sandbox(sandbox::role::front, descriptors_for(setup));
        box.write_to(*log_);
        if (!box.problem.empty()) return refuse(box.problem);

        login_desk_link logins;
        logins.ask = [this](wire::login_request&& ask) {
            base::bytes frame = wire::encode(wire::frame{std::move(ask)});
            control_.send(frame);
            base::wipe(frame.data(), frame.size());
        };
        logins.withdraw = [this](std::uint64_t connection) {
            control_.send(wire::encode(wire::frame{wire::login_withdrawn{connection}}));
        };
        server_.emplace(loop_, setup, std::move(listeners), std::move(tls), *log_, std::move(logins));
        server_->start();
        control_.send(wire::encode(wire::frame{wire::ready{}}));
        state_ = front_state::serving;
        status_ = 0;
        return true;
    }

    io::loop loop_;
    io::message_socket control_;
    std::unique_ptr<base::log_sink> log_;
    front_state state_ = front_state::starting;
    std::optional<front_server> server_; ///< from `serving` on
    io::timer flush_timer_{loop_};
    base::time_point flush_until_{};
    int status_ = 1;
};

} // namespace

int run_front(int control_fd)
{
    ::signal(SIGPIPE, SIG_IGN);
    int status = 1;
    {
        process p{control_fd};
        status = p.run();
    }
#ifdef OPENWINRM_SANITIZED
    // The leak checker would start a tracer at exit, which is exactly what the filter forbids.
    std::fflush(nullptr);
    ::_exit(status);
#else
    return status;
#endif
}

} // namespace winrm::service::front
