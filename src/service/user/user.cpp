#include "service/user/user.h"

#include "io/log.h"
#include "service/user/rules.h"
#include "service/user/user_server.h"
#include "service/wire/level_log.h"

#include <csignal>
#include <fcntl.h>
#include <optional>
#include <sys/prctl.h>
#include <unistd.h>

namespace winrm::service::user {
namespace {

/// A pipe must never get number 0, 1 or 2: in a child those are the standard streams.
void fill_standard_descriptors()
{
    for (int fd = 0; fd <= 2; ++fd)
        if (::fcntl(fd, F_GETFD) < 0)
            if (::open("/dev/null", O_RDWR) != fd) return;
}

class process
{
public:
    explicit process(int control_fd)
        : control_(loop_, io::unique_fd{control_fd}, wire::max_control_frame, 1),
          stop_signals_(loop_, {SIGTERM, SIGINT, SIGHUP}, [this](int) { stop(); })
    {
        control_.start([this](io::message_socket::message m) { control_frame(std::move(m)); }, [this] { stop(); });
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
        if (!r) return fail();
        switch (r->what) {
        case user_duty::begin: return begin(std::get<wire::user_setup>(*frame));
        case user_duty::add_connection: return add_connection(std::get<wire::user_connection>(std::move(*frame)), m);
        case user_duty::take_settings:
            return log_->set_level(wire::log_level_of(std::get<wire::user_settings>(*frame).log_level));
        case user_duty::answer_ping: return control_.send(wire::encode(wire::frame{wire::pong{}}));
        case user_duty::stop: return stop();
        case user_duty::ignore: return;
        }
    }

    void add_connection(wire::user_connection&& c, io::message_socket::message& m)
    {
        if (m.fds_lost) return server_->connection_lost(c.peer);
        if (m.fds.size() != 1) return fail();
        server_->add_connection(c.peer, std::move(m.fds.front()), c.ticket);
    }

    void fail()
    {
        status_ = 1;
        stop();
    }

    void begin(const wire::user_setup& setup)
    {
        log_.emplace(io::stderr_log(loop_, "winrmd-user", base::log_level::debug), wire::log_level_of(setup.log_level));
        server_.emplace(loop_, setup, *log_, [this](wire::user_status s) {
            if (state_ == user_state::serving) control_.send(wire::encode(wire::frame{s}));
        });
        control_.send(wire::encode(wire::frame{wire::user_status{}})); // serving
        state_ = user_state::serving;
        status_ = 0;
    }

    void stop()
    {
        if (std::exchange(state_, user_state::stopping) == user_state::stopping) return;
        if (!server_) return loop_.stop();
        if (!server_->close_all()) status_ = 1; // the monitor then kills what is left
        flush_until_ = loop_.now() + base::milliseconds{1000};
        flush();
    }

    /// The last replies may still be unsent.
    void flush()
    {
        if (server_->unsent() == 0 || loop_.now() >= flush_until_) return loop_.stop();
        flush_timer_.set_after(base::milliseconds{10}, [this] { flush(); });
    }

    io::loop loop_;
    io::message_socket control_;
    io::signal_watch stop_signals_;
    io::timer flush_timer_{loop_};
    std::optional<wire::level_log> log_;
    std::optional<user_server> server_;
    base::time_point flush_until_{};
    user_state state_ = user_state::starting;
    int status_ = 1;
};

} // namespace

int run_user(int control_fd)
{
    // Commands have our uid. This protects our memory and descriptors (the log, the monitor's socket) from them; their
    // own execve makes them dumpable again.
    if (::prctl(PR_SET_DUMPABLE, 0) != 0 || ::prctl(PR_GET_DUMPABLE) != 0) return 1;
    if (::fcntl(control_fd, F_SETFD, FD_CLOEXEC) != 0) return 1;
    fill_standard_descriptors();
    ::signal(SIGPIPE, SIG_IGN);
    process p{control_fd};
    return p.run();
}

} // namespace winrm::service::user
