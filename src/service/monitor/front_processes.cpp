#include "service/monitor/front_processes.h"

#include "service/monitor/end_point.h"
#include "service/monitor/heartbeat.h"
#include "service/monitor/helper.h"
#include "service/monitor/user_processes.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <utility>

namespace winrm::service::monitor {
namespace {

constexpr base::milliseconds time_to_end{5'000}, stable_after{10'000}, first_backoff{200}, longest_backoff{30'000},
    poll_interval{20};
constexpr int max_missed_beats = 3;

} // namespace

struct front_processes::process
{
    process(io::loop& on, base::milliseconds interval)
        : clock(on), beat(interval, interval * max_missed_beats, on.now()), beat_clock(on)
    {}
    std::uint64_t key = 0;
    std::size_t slot = 0;
    pid_t pid = 0;
    peer_state state = peer_state::starting;
    base::time_point since{};
    std::unique_ptr<io::message_socket> socket;
    io::timer clock;
    heartbeat beat;
    io::timer beat_clock;
    std::string end_point;
};

front_processes::front_processes(io::loop& on, children& family, std::string program, base::log_sink& log, news call)
    : loop_(on), children_(family), program_(std::move(program)), log_(log), call_(std::move(call)), stop_clock_(on)
{}

front_processes::~front_processes() = default;

void front_processes::start(wire::front_setup setup, std::vector<std::vector<listening_socket>> sockets)
{
    setup_ = std::move(setup);
    sockets_ = std::move(sockets);
    for (std::size_t i = 0; i < sockets_.size(); ++i) restarts_.emplace_back(loop_);
    for (std::size_t i = 0; i < sockets_.size(); ++i) start_one(i);
}

void front_processes::replace(wire::front_setup setup)
{
    // User processes that run keep the timeouts they were started with.
    setup.answer_time_ms = std::max(setup.answer_time_ms, setup_->answer_time_ms);
    setup_ = std::move(setup);
    for (const auto& [key, p] : all_)
        if (p->state == peer_state::starting) end(*p); // has the old setup and no connections yet
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        restarts_[i].cancel();
        start_one(i);
    }
}

void front_processes::start_one(std::size_t slot)
{
    auto [mine, theirs] = io::make_socket_pair();
    const pid_t pid = mine && theirs ? start_helper(program_, std::move(theirs)) : -1;
    if (pid < 0) {
        log_.write(base::log_level::error, "front_not_started", {{"reason", "no_resources"}});
        return restarts_[slot].set_after(longest_backoff, [this, slot] { start_one(slot); });
    }
    auto p = std::make_unique<process>(loop_, interval_);
    const std::uint64_t key = next_++;
    p->key = key;
    p->slot = slot;
    p->pid = pid;
    p->since = loop_.now();
    p->end_point = end_point_of(setup_->certificate_pem);
    p->socket = std::make_unique<io::message_socket>(loop_, std::move(mine), wire::max_control_frame, 0);
    p->socket->wipe_after_use();
    p->socket->start([this, key](io::message_socket::message m) { frame_arrived(key, std::move(m)); },
                     [this, key] {
                         if (const auto at = all_.find(key); at != all_.end()) end(*at->second);
                     });
    children_.watch(pid, [this, key](int status) { ended(key, status); });

    std::vector<io::unique_fd> fds;
    for (const listening_socket& s : sockets_[slot]) fds.emplace_back(::fcntl(s.fd.get(), F_DUPFD_CLOEXEC, 3));
    base::bytes frame = wire::encode(*setup_);
    p->socket->send(frame, std::move(fds));
    base::wipe(frame.data(), frame.size());
    log_.write(base::log_level::info, "front_start", {{"pid", std::to_string(pid)}});
    check_heartbeat(*p);
    all_[key] = std::move(p);
}

/// A hung front would still receive connections on its port and never answer them.
void front_processes::check_heartbeat(process& p)
{
    switch (p.beat.handle_timeout(loop_.now())) {
    case heartbeat::step::nothing: break;
    case heartbeat::step::ask: p.socket->send(wire::encode(wire::frame{wire::ping{}})); break;
    case heartbeat::step::give_up:
        log_.write(
            base::log_level::error, "front_hangs",
            {{"pid", std::to_string(p.pid)}, {"silent_ms", std::to_string(p.beat.silence(loop_.now()).count())}});
        return children_.kill(p.pid, SIGKILL);
    }
    p.beat_clock.set(p.beat.deadline(), [this, key = p.key] {
        if (const auto at = all_.find(key); at != all_.end()) check_heartbeat(*at->second);
    });
}

bool front_processes::alive() const
{
    std::set<std::size_t> slots;
    for (const auto& [key, p] : all_)
        if (p->state == peer_state::serving && p->beat.alive(loop_.now())) slots.insert(p->slot);
    return slots.size() == sockets_.size();
}

void front_processes::frame_arrived(std::uint64_t key, io::message_socket::message m)
{
    const auto at = all_.find(key);
    if (at == all_.end()) return;
    auto frame = wire::decode(std::move(m.payload));
    const rule* r = frame ? wire::find_rule(front_rules, at->second->state, frame->index()) : nullptr;
    if (!r) {
        log_.write(base::log_level::error, "front_broke_rules", {{"pid", std::to_string(at->second->pid)}});
        return children_.kill(at->second->pid, SIGKILL);
    }
    if (r->what == duty::note_ready) return became_ready(*at->second);
    if (r->what == duty::note_life) {
        at->second->beat.answered(loop_.now());
        return check_heartbeat(*at->second);
    }
    if (r->what == duty::check_login) {
        call_.login(key, std::get<wire::login_request>(std::move(*frame)));
        loop_.post([] { base::wipe_stack(); });
    }
    if (r->what == duty::drop_login) call_.withdrawn(key, std::get<wire::login_withdrawn>(*frame).connection);
}

void front_processes::became_ready(process& p)
{
    p.state = peer_state::serving;
    log_.write(base::log_level::info, "front_ready", {{"pid", std::to_string(p.pid)}});
    for (const auto& [key, other] : all_)
        if (other->slot == p.slot && other->key != p.key && other->state == peer_state::serving) drain(*other);
    if (!ready_) return;
    std::set<std::size_t> slots;
    for (const auto& [key, other] : all_)
        if (other->state == peer_state::serving) slots.insert(other->slot);
    if (slots.size() == sockets_.size()) std::exchange(ready_, nullptr)();
}

void front_processes::drain(process& p)
{
    p.state = peer_state::draining;
    p.socket->send(wire::encode(wire::frame{wire::drain{}}));
    p.clock.set_after(longest_drain, [this, key = p.key] {
        if (const auto at = all_.find(key); at != all_.end()) end(*at->second);
    });
    log_.write(base::log_level::info, "front_drain", {{"pid", std::to_string(p.pid)}});
}

std::string front_processes::end_point(std::uint64_t key) const
{
    const auto at = all_.find(key);
    return at == all_.end() ? std::string{} : at->second->end_point;
}

void front_processes::started(std::uint64_t key, std::uint64_t connection)
{
    if (const auto at = all_.find(key); at != all_.end())
        at->second->socket->send(wire::encode(wire::frame{wire::login_started{connection}}));
}

void front_processes::answer(std::uint64_t key, const wire::login_answer& said, io::unique_fd fd)
{
    const auto at = all_.find(key);
    if (at == all_.end()) return;
    std::vector<io::unique_fd> fds;
    if (fd) fds.push_back(std::move(fd));
    base::bytes frame = wire::encode(said); // the keys of the connection may be in it
    at->second->socket->send(frame, std::move(fds));
    base::wipe(frame.data(), frame.size());
}

void front_processes::end(process& p)
{
    if (p.state == peer_state::stopping) return;
    p.state = peer_state::stopping;
    p.socket->send(wire::encode(wire::frame{wire::stop{}}));
    p.clock.set_after(time_to_end, [this, pid = p.pid] { children_.kill(pid, SIGKILL); });
}

void front_processes::ended(std::uint64_t key, int status)
{
    const auto at = all_.find(key);
    if (at == all_.end()) return;
    const auto p = std::move(at->second);
    all_.erase(at);
    call_.lost(key);
    // No restart while another front serves the slot or is starting; a draining one does not count.
    const bool replaced =
        p->state == peer_state::draining || std::any_of(all_.begin(), all_.end(), [&](const auto& other) {
            return other.second->slot == p->slot && other.second->state != peer_state::stopping &&
                   other.second->state != peer_state::draining;
        });
    log_.write(status == 0 ? base::log_level::info : base::log_level::error, "front_end",
               {{"pid", std::to_string(p->pid)}, {"status", describe_end(status)}});
    if (stopping_ || replaced) return;
    failures_ = loop_.now() - p->since < stable_after ? failures_ + 1 : 0;
    const auto pause = std::min(longest_backoff, first_backoff * (1 << std::min(failures_, 10u)));
    restarts_[p->slot].set_after(pause, [this, slot = p->slot] { start_one(slot); });
    if (failed_ && failures_ != 0) failed_();
}

void front_processes::stop(std::function<bool()> idle)
{
    stopping_ = true;
    for (io::timer& t : restarts_) t.cancel();
    sockets_.clear(); // from here on connections are refused
    for (const auto& [key, p] : all_) {
        if (p->state == peer_state::starting) end(*p);
        if (p->state == peer_state::serving) drain(*p);
    }
    idle_ = std::move(idle);
    stop_by_ = loop_.now() + longest_stop;
    end_when_idle();
}

void front_processes::end_when_idle()
{
    if (!idle_() && loop_.now() < stop_by_) return stop_clock_.set_after(poll_interval, [this] { end_when_idle(); });
    for (const auto& [key, p] : all_) end(*p);
}

} // namespace winrm::service::monitor
