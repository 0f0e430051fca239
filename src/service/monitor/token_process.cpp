#include "service/monitor/token_process.h"

#include "service/monitor/helper.h"
#include "service/monitor/user_processes.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace winrm::service::monitor {
namespace {

constexpr base::milliseconds stable_after{10'000}, first_backoff{200}, longest_backoff{30'000}, time_to_end{5'000};
constexpr int max_missed_beats = 3;

/// For the Kerberos library: our configuration, and no plugin with a mechanism that we do not ask for.
std::vector<std::string> environment()
{
    std::vector<std::string> out{"GSS_MECH_CONFIG=/dev/null"};
    if (const char* configuration = std::getenv("KRB5_CONFIG"))
        out.push_back(std::string{"KRB5_CONFIG="} + configuration);
    return out;
}

} // namespace

token_process::token_process(io::loop& on, children& family, std::string program, base::log_sink& log, news call)
    : loop_(on), children_(family), program_(std::move(program)), log_(log), call_(std::move(call)), beat_clock_(on),
      restart_(on)
{}

token_process::~token_process() = default;

void token_process::set(wire::token_setup setup)
{
    setup_ = std::move(setup);
    if (pid_ == 0) return start();
    if (state_ == peer_state::serving) send_setup(); // one that starts may hear it once only; it gets the rest then
}

void token_process::send_setup()
{
    base::bytes frame = wire::encode(setup_);
    socket_->send(frame);
    base::wipe(frame.data(), frame.size());
}

void token_process::start()
{
    restart_.cancel();
    auto [mine, theirs] = io::make_socket_pair();
    const pid_t pid = mine && theirs ? start_helper(program_, std::move(theirs), environment()) : -1;
    if (pid < 0) {
        log_.write(base::log_level::error, "token_not_started", {{"reason", "no_resources"}});
        return restart_.set_after(longest_backoff, [this] { start(); });
    }
    pid_ = pid;
    state_ = peer_state::starting;
    since_ = loop_.now();
    socket_ = std::make_unique<io::message_socket>(loop_, std::move(mine), wire::max_control_frame, 0);
    socket_->wipe_after_use();
    socket_->start([this](io::message_socket::message m) { frame_arrived(std::move(m)); }, [this] { closed(); });
    children_.watch(pid, [this](int status) { ended(status); });
    beat_.emplace(interval_, interval_ * max_missed_beats, loop_.now());
    send_setup();
    log_.write(base::log_level::info, "token_start", {{"pid", std::to_string(pid)}});
    check_heartbeat();
}

void token_process::check_heartbeat()
{
    switch (beat_->handle_timeout(loop_.now())) {
    case heartbeat::step::nothing: break;
    case heartbeat::step::ask: socket_->send(wire::encode(wire::frame{wire::ping{}})); break;
    case heartbeat::step::give_up:
        log_.write(base::log_level::error, "token_hangs",
                   {{"pid", std::to_string(pid_)}, {"silent_ms", std::to_string(beat_->silence(loop_.now()).count())}});
        return children_.kill(pid_, SIGKILL);
    }
    beat_clock_.set(beat_->deadline(), [this] { check_heartbeat(); });
}

/// It ends by itself, as when the configuration of Kerberos was replaced: how, is for its status to say.
void token_process::closed()
{
    if (state_ == peer_state::stopping) return;
    state_ = peer_state::starting; // takes no step
    beat_clock_.cancel();
    restart_.set_after(time_to_end, [this] { children_.kill(pid_, SIGKILL); });
}

void token_process::frame_arrived(io::message_socket::message m)
{
    auto frame = wire::decode(std::move(m.payload));
    const rule* r = frame ? wire::find_rule(token_rules, state_, frame->index()) : nullptr;
    if (!r) {
        log_.write(base::log_level::error, "token_broke_rules", {{"pid", std::to_string(pid_)}});
        return children_.kill(pid_, SIGKILL);
    }
    if (r->what == duty::note_life) {
        beat_->answered(loop_.now());
        return check_heartbeat();
    }
    if (r->what == duty::note_ready) {
        state_ = peer_state::serving;
        log_.write(base::log_level::info, "token_ready", {{"pid", std::to_string(pid_)}});
        send_setup(); // it may have changed since the start
        if (ready_) std::exchange(ready_, nullptr)();
    }
    if (r->what == duty::pass_answer) call_.answer(std::get<wire::token_answer>(std::move(*frame)));
}

bool token_process::send(const wire::token_step& step)
{
    if (!serving()) return false;
    base::bytes frame = wire::encode(step);
    socket_->send(frame);
    base::wipe(frame.data(), frame.size());
    return true;
}

void token_process::send(const wire::token_drop& drop)
{
    if (serving()) socket_->send(wire::encode(wire::frame{drop}));
}

void token_process::stop()
{
    restart_.cancel();
    if (pid_ == 0 || state_ == peer_state::stopping) return;
    state_ = peer_state::stopping;
    socket_->send(wire::encode(wire::frame{wire::stop{}}));
    restart_.set_after(time_to_end, [this] { children_.kill(pid_, SIGKILL); });
}

void token_process::ended(int status)
{
    const bool stopping = state_ == peer_state::stopping;
    log_.write(status == 0 ? base::log_level::info : base::log_level::error, "token_end",
               {{"pid", std::to_string(pid_)}, {"status", describe_end(status)}});
    pid_ = 0;
    state_ = stopping ? peer_state::stopping : peer_state::starting;
    beat_clock_.cancel();
    restart_.cancel();
    socket_.reset();
    if (stopping) return;
    failures_ = loop_.now() - since_ < stable_after ? failures_ + 1 : 0;
    restart_.set_after(std::min(longest_backoff, first_backoff * (1 << std::min(failures_, 10u))), [this] { start(); });
    call_.lost();
}

} // namespace winrm::service::monitor
