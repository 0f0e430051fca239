#include "service/monitor/user_processes.h"

#include "io/left_files.h"
#include "service/monitor/heartbeat.h"
#include "service/monitor/privileges.h"
#include "service/wire/ticket_names.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

/// Two names of one uid are two accounts: shell, groups and home differ.
std::string key_of(const identity& who)
{
    return std::to_string(who.uid()) + '\n' + std::to_string(who.gid()) + '\n' + who.name() + '\n' + who.home() + '\n' +
           who.shell();
}

/// Connections sent to a process that it has not taken: with more than this, and more than one front can have, it
/// counts as stuck.
constexpr std::uint32_t most_untaken = 128;
constexpr base::milliseconds time_to_end{8'000}; // for killing and closing, before it is killed itself
constexpr base::milliseconds tidy_pause{20};
constexpr unsigned sweep_time_s = 20;
constexpr int sweep_rounds = 20;

} // namespace

struct user_processes::process
{
    process(io::loop& on, const identity& who_, base::milliseconds interval)
        : who(who_), clock(on), stuck_clock(on),
          beat(interval, interval * user_process_options::beats_missed, on.now()), beat_clock(on)
    {}
    std::uint64_t number = 0;
    identity who;
    pid_t pid = 0;
    peer_state state = peer_state::serving;
    std::unique_ptr<io::message_socket> socket;
    std::string cgroup;
    io::timer clock, stuck_clock;
    heartbeat beat;
    io::timer beat_clock;
    std::uint32_t sent = 0;                     ///< connections
    wire::user_status status{};                 ///< the last one received
    bool ready = false;                         ///< a status has been received
    std::optional<base::time_point> idle_since; ///< set: neither shell nor connection
    bool outdated = false;                      ///< started under settings that have changed
    bool tickets = false;                       ///< was given any
};

std::string describe_end(int wait_status)
{
    if (WIFSIGNALED(wait_status)) return "signal " + std::to_string(WTERMSIG(wait_status));
    return "exit " + std::to_string(WEXITSTATUS(wait_status));
}

user_processes::user_processes(io::loop& on, children& family, user_process_options options, cgroup_root cgroups,
                               base::log_sink& log)
    : loop_(on), children_(family), options_(std::move(options)), cgroups_(std::move(cgroups)), log_(log),
      tidy_clock_(on)
{}

user_processes::~user_processes() = default;

io::unique_fd user_processes::connect(const identity& who, const std::string& peer, base::secret ticket)
{
    const auto at = serving_.find(key_of(who));
    process* p = at != serving_.end() ? all_.at(at->second).get() : start(who, peer);
    if (!p) return {};
    // Each untaken connection costs descriptors of ours.
    if (p->sent - p->status.taken > std::max(most_untaken, options_.setup.limits.max_connections)) {
        end_stuck(*p, "takes no connections");
        return {};
    }
    auto [mine, theirs] = io::make_socket_pair();
    if (!mine || !theirs) return {};
    p->clock.cancel();
    p->idle_since.reset();
    std::vector<io::unique_fd> fds;
    fds.push_back(std::move(mine));
    p->tickets = p->tickets || !ticket.empty();
    base::bytes frame = wire::encode(wire::frame{wire::user_connection{peer, std::move(ticket)}});
    p->socket->send(frame, std::move(fds));
    base::wipe(frame.data(), frame.size());
    if (p->sent++ == p->status.taken) await_taken(*p);
    return std::move(theirs);
}

bool user_processes::is_idle(const identity& who) const
{
    const auto at = serving_.find(key_of(who));
    return at != serving_.end() && all_.at(at->second)->idle_since.has_value();
}

void user_processes::await_taken(process& p)
{
    p.stuck_clock.set_after(p.ready ? options_.longest_untaken : options_.longest_start, [this, number = p.number] {
        if (const auto at = all_.find(number); at != all_.end()) end_stuck(*at->second, "takes no connections");
    });
}

void user_processes::end_stuck(process& p, base::bytes_view reason)
{
    end(p, reason);
    children_.kill(p.pid, SIGKILL);
}

void user_processes::check_heartbeat(process& p)
{
    if (p.state != peer_state::serving) return;
    switch (p.beat.handle_timeout(loop_.now())) {
    case heartbeat::step::nothing: break;
    case heartbeat::step::ask: p.socket->send(wire::encode(wire::frame{wire::ping{}})); break;
    case heartbeat::step::give_up: return end_stuck(p, "gives no sign of life");
    }
    p.beat_clock.set(p.beat.deadline(), [this, number = p.number] {
        if (const auto at = all_.find(number); at != all_.end()) check_heartbeat(*at->second);
    });
}

cgroup_root::ceiling user_processes::ceiling_of_account() const
{
    const wire::quotas& q = options_.setup.limits;
    const std::uint64_t shells = q.max_shells_per_user;
    cgroup_root::ceiling out;
    out.memory_bytes = q.max_memory_per_shell_mb * shells * 1024 * 1024;
    // The user process and its helpers come on top.
    out.processes = q.max_processes_per_shell == 0 ? 0 : q.max_processes_per_shell * shells + 16;
    // Folders are removed a moment after their commands have ended, when new ones may exist already.
    out.folders = 64 + 4 * shells * (q.max_commands_per_shell + std::uint64_t{1});
    return out;
}

/// Ends the process that has been idle longest if max_users is reached. @return false: none is idle.
bool user_processes::make_room()
{
    while (serving_.size() >= options_.max_users) { // a reload may have lowered it
        process* longest = nullptr;
        for (const auto& [key, number] : serving_) {
            process* p = all_.at(number).get();
            if (p->idle_since && (!longest || *p->idle_since < *longest->idle_since)) longest = p;
        }
        if (!longest) return false;
        end(*longest, "another account needs its place");
    }
    return true;
}

user_processes::process* user_processes::start(const identity& who, const std::string& peer)
{
    if (!make_room()) {
        log_.write(base::log_level::warning, "user_process_refused", {{"user", who.name()}, {"reason", "max_users"}});
        return nullptr;
    }
    auto [mine, theirs] = io::make_socket_pair();
    if (!mine || !theirs) return nullptr;
    auto p = std::make_unique<process>(loop_, who, options_.heartbeat);
    p->number = next_++;
    user_start how;
    how.program = options_.program;
    how.switch_account = options_.switch_account && who.uid() != ::geteuid();
    how.pam_service = options_.pam_service;
    how.peer = peer;
    p->cgroup = cgroups_.make(who.uid(), who.gid(), ceiling_of_account());
    if (!p->cgroup.empty()) how.cgroup_procs = p->cgroup + "/main/cgroup.procs";
    p->pid = start_user(how, who, std::move(theirs));
    if (p->pid < 0) {
        cgroup_root::remove_now(p->cgroup);
        return nullptr;
    }
    const std::uint64_t number = p->number;
    p->socket = std::make_unique<io::message_socket>(loop_, std::move(mine), wire::max_control_frame, 0);
    p->socket->start([this, number](io::message_socket::message m) { frame_arrived(number, std::move(m)); },
                     [this, number] {
                         if (const auto at = all_.find(number); at != all_.end()) end(*at->second, "closed its socket");
                     });
    children_.watch(p->pid, [this, number](int status) { ended(number, status); });
    wire::user_setup setup = options_.setup;
    setup.user = who.name();
    setup.home = who.home();
    setup.shell = who.shell();
    setup.cgroup = p->cgroup;
    p->socket->send(wire::encode(wire::frame{std::move(setup)}));
    log_.write(base::log_level::info, "user_process_start",
               {{"user", who.name()},
                {"uid", std::to_string(who.uid())},
                {"pid", std::to_string(p->pid)},
                {"cgroup", p->cgroup.empty() ? "none" : p->cgroup}});
    serving_[key_of(who)] = number;
    return (all_[number] = std::move(p)).get();
}

void user_processes::frame_arrived(std::uint64_t number, io::message_socket::message m)
{
    const auto at = all_.find(number);
    if (at == all_.end()) return;
    process& p = *at->second;
    const auto frame = wire::decode(std::move(m.payload));
    const rule* r = frame ? wire::find_rule(user_rules, p.state, frame->index()) : nullptr;
    if (!r) return end(p, "broke the rules");
    if (r->what == duty::note_life) {
        p.beat.answered(loop_.now());
        return check_heartbeat(p);
    }
    if (r->what != duty::note_status) return;
    const std::uint32_t before = p.status.taken;
    p.status = std::get<wire::user_status>(*frame);
    const bool first = !std::exchange(p.ready, true);
    if (p.status.taken == p.sent) p.stuck_clock.cancel();
    else if (first || p.status.taken != before) await_taken(p);
    if (first) check_heartbeat(p);
    check_idle(p);
}

void user_processes::check_idle(process& p)
{
    if (p.state != peer_state::serving) return;
    if (p.status.shells != 0 || p.status.connections != 0 || p.status.taken != p.sent) {
        p.idle_since.reset();
        return p.clock.cancel();
    }
    if (!p.idle_since) p.idle_since = loop_.now();
    if (p.outdated) return end(p, "settings changed");
    p.clock.set_after(options_.grace, [this, number = p.number] {
        if (const auto idle = all_.find(number); idle != all_.end()) end(*idle->second, "idle");
    });
}

void user_processes::set_options(user_process_options options)
{
    const bool level_changed = options.setup.log_level != options_.setup.log_level;
    options_.setup.log_level = options.setup.log_level; // running processes change it, so it makes none outdated
    const bool changed = options.setup != options_.setup || options.pam_service != options_.pam_service;
    options_ = std::move(options);
    for (const auto& [number, p] : all_) {
        if (p->state != peer_state::serving) continue;
        if (level_changed) p->socket->send(wire::encode(wire::frame{wire::user_settings{options_.setup.log_level}}));
        p->outdated = p->outdated || changed;
        check_idle(*p); // the grace time may be another, too
    }
}

/// The account's next login starts a new process.
void user_processes::end(process& p, base::bytes_view reason)
{
    if (p.state == peer_state::stopping) return;
    p.state = peer_state::stopping;
    p.stuck_clock.cancel();
    p.beat_clock.cancel();
    if (const auto at = serving_.find(key_of(p.who)); at != serving_.end() && at->second == p.number)
        serving_.erase(at);
    log_.write(base::log_level::info, "user_process_stop",
               {{"user", p.who.name()}, {"pid", std::to_string(p.pid)}, {"reason", std::string{reason}}});
    p.socket->send(wire::encode(wire::frame{wire::stop{}}));
    p.clock.set_after(time_to_end, [this, pid = p.pid] { children_.kill(pid, SIGKILL); });
}

void user_processes::ended(std::uint64_t number, int status)
{
    const auto at = all_.find(number);
    if (at == all_.end()) return;
    const auto p = std::move(at->second);
    all_.erase(at);
    if (const auto s = serving_.find(key_of(p->who)); s != serving_.end() && s->second == number) serving_.erase(s);
    // A killed process could not end what it had started. (Orphans of another user process with this uid go to that
    // one.)
    if (status != 0) children_.kill_orphans_of(p->who.uid());
    if (status != 0 && p->tickets) remove_tickets(p->who);
    if (!p->cgroup.empty()) {
        left_cgroups_.push_back(p->cgroup);
        tidy_cgroups();
    }
    log_.write(status == 0 ? base::log_level::info : base::log_level::error, "user_process_end",
               {{"user", p->who.name()}, {"pid", std::to_string(p->pid)}, {"status", describe_end(status)}});
}

/// In a child that acts as the account: what it can remove is the account's own, and a folder of a million files keeps
/// nobody waiting. The process itself may take a moment to go when it was its keeper that was killed.
void user_processes::remove_tickets(const identity& who)
{
    const pid_t pid = fork_clean();
    if (pid < 0) return; // the account's next process looks again
    if (pid > 0) return children_.watch(pid, [](int) {});
    ::alarm(sweep_time_s);
    close_all_from(STDERR_FILENO + 1);
    const bool change = options_.switch_account && who.uid() != ::geteuid();
    if (change && !act_as(who.uid(), who.gid())) ::_exit(1);
    const std::string own = wire::ticket_runtime_folder + std::to_string(who.uid());
    for (int round = 0; round < sweep_rounds; ++round) {
        std::size_t left = 0;
        for (const std::string& folder : {own, std::string{wire::ticket_folder}})
            left += io::remove_left_files(folder, wire::ticket_prefix);
        if (left == 0) break;
        const timespec pause{0, 50'000'000};
        ::nanosleep(&pause, nullptr);
    }
    ::_exit(0);
}

void user_processes::tidy_cgroups()
{
    left_cgroups_.erase(std::remove_if(left_cgroups_.begin(), left_cgroups_.end(), cgroup_root::remove),
                        left_cgroups_.end());
    if (!left_cgroups_.empty()) tidy_clock_.set_after(tidy_pause, [this] { tidy_cgroups(); });
}

void user_processes::stop()
{
    for (const auto& [number, p] : all_) end(*p, "the service stops");
}

} // namespace winrm::service::monitor
