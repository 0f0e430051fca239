#include "service/user/process_host.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::service::user {

using base::milliseconds;

namespace {

bool is_program(const std::string& path)
{
    struct stat about
    {};
    return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

constexpr std::size_t output_streams = 2;     ///< a child has descriptors 1 and 2 for them, in this order
constexpr std::size_t piece = 64 * 1024;      ///< a pipe's first capacity, and what one read asks for
constexpr std::size_t big_pipe = 1024 * 1024; ///< of a child that floods
constexpr int reads_per_turn = 4;             ///< then the other children have theirs
constexpr milliseconds sweep_pause{10};       ///< many commands that end together share one scan of /proc
constexpr milliseconds late_sweep_pause{100}; ///< where cgroups have killed all but what moved itself out of them
constexpr milliseconds next_sweep_pause{50};  ///< then twice as long each time
constexpr milliseconds longest_sweep_pause{5'000};
constexpr int quiet_scans = 3;               ///< in a row that found nothing: then it has ended
constexpr milliseconds longest_kill{60'000}; ///< what dies as slowly as that waits for a disk
constexpr milliseconds tidy_pause{20};

struct pipe_pair
{
    io::unique_fd read, write;
};
std::optional<pipe_pair> make_pipe()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
    return pipe_pair{io::unique_fd{ends[0]}, io::unique_fd{ends[1]}};
}

/// Has this process no child at all, neither command nor adopted orphan?
bool no_children()
{
    siginfo_t info{};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

/// Clients propose ids in several spellings ("uuid:…", lower case); a folder's name has one.
std::string folder_name(const std::string& id)
{
    const auto guid = base::uuid::parse(id);
    return guid ? guid->text() : id;
}

int status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

} // namespace

struct process_host::command
{
    shell::process_ref ref{};
    std::string mark;
    pid_t pid = -1; ///< -1 again: reaped, and the number is a later command's
    bool reaped = false, forgotten = false;
    command_groups::group group;

    struct output_pipe
    {
        std::optional<io::descriptor> pipe;
        int full_reads = 0;
        bool reading = false;
    };
    std::array<output_pipe, output_streams> outputs; ///< by index of the stream
    bool output_wanted = true;

    std::optional<io::descriptor> in;
    std::string input;
    std::size_t input_at = 0;
    bool input_end = false, input_waits = false;
};

struct process_host::pending_kill
{
    command_ptr who; ///< nullptr: orphans that name no command
    int quiet = 0;   ///< scans in a row that found nothing of it
    base::time_point until{};
};

process_host::process_host(io::loop& on, host_options options, process_news& news)
    : loop_(on), options_(std::move(options)), news_(news),
      groups_(options_.cgroup, {options_.max_memory_per_shell, options_.max_processes_per_shell}), sweep_timer_(on),
      tidy_timer_(on), buffer_(piece, '\0')
{
    become_subreaper();
    ::signal(SIGPIPE, SIG_IGN); // a child that closes its stdin is told by EPIPE
    children_ = std::make_unique<io::signal_watch>(on, std::initializer_list<int>{SIGCHLD}, [this](int) { reap(); });
}

process_host::~process_host()
{
    *alive_ = false;
    for (auto& [ref, c] : commands_) c->forgotten = true;
    kill_everything();
}

void process_host::execute(shell::process_order order)
{
    std::visit(
        [this](auto&& o) {
            if constexpr (requires { this->carry_out(std::move(o)); })
                carry_out(std::move(o)); // others: see shell_host
        },
        std::move(order));
}

process_host::command_ptr process_host::find(shell::process_ref p) const
{
    const auto at = commands_.find(p);
    return at == commands_.end() ? nullptr : at->second;
}

void process_host::carry_out(shell::start_process&& order)
{
    if (!may_start(order, options_.who)) return news_.not_started(order.process, shell::start_failure::no_permission);
    const auto usable = [this](const std::optional<pipe_pair>& p) {
        return p && !descriptors_.is_spare(p->read.get()) && !descriptors_.is_spare(p->write.get());
    };
    std::array<std::optional<pipe_pair>, output_streams> outputs;
    for (auto& pipe : outputs) pipe = make_pipe();
    std::optional<pipe_pair> in;
    io::unique_fd nothing;
    if (order.input) in = make_pipe();
    else nothing.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!std::all_of(outputs.begin(), outputs.end(), usable) || (order.input ? !usable(in) : !nothing))
        return news_.not_started(order.process, shell::start_failure::no_resources);

    auto c = std::make_shared<command>();
    c->ref = order.process;
    c->mark = process_mark(order);
    c->group = groups_.make(folder_name(order.shell_id), folder_name(order.command_id));
    const io::unique_fd procs = command_groups::open_procs(c->group);
    const spawn_handles handles{in ? in->read.get() : nothing.get(), outputs[0]->write.get(), outputs[1]->write.get(),
                                procs.get()};
    spawn_limits limits;
    limits.open_files = descriptors_.before();
    if (!groups_.limits_memory()) limits.data_bytes = options_.max_memory_per_shell;
    if (!groups_.limits_processes())
        limits.processes = std::uint64_t{options_.max_processes_per_shell} * options_.max_shells_per_user;

    child_plan plan = plan_child(order, options_.who);
    if (!plan.unquoted.empty() && std::none_of(plan.quoted.begin(), plan.quoted.end(), is_program))
        plan.argv.back() = std::move(plan.unquoted);
    const auto result = spawn(plan, handles, limits);
    if (const auto* why = std::get_if<shell::start_failure>(&result)) {
        groups_.release(std::move(c->group));
        return news_.not_started(order.process, *why);
    }
    c->pid = std::get<spawned>(result).pid;
    if (!std::get<spawned>(result).in_group) groups_.release(std::exchange(c->group, {})); // /proc must do
    for (std::size_t i = 0; i < output_streams; ++i) c->outputs[i].pipe.emplace(loop_, outputs[i]->read.release());
    if (in) c->in.emplace(loop_, in->write.release());
    forget_number(c->pid);
    commands_[c->ref] = c;
    living_[c->pid] = c;
    news_.started(c->ref, static_cast<std::uint32_t>(c->pid));
    for (std::size_t i = 0; i < output_streams; ++i) want_output(c, i);
}

void process_host::move(shell::process_ref p, const std::string& shell_id, const std::string& command_id)
{
    const command_ptr c = find(p);
    if (!c || c->reaped || !c->group) return;
    command_groups::group to = groups_.make(folder_name(shell_id), folder_name(command_id));
    if (!command_groups::adopt(to, c->group)) return groups_.release(std::move(to));
    groups_.release(std::exchange(c->group, std::move(to)));
    tidy_groups();
}

// -- output

void process_host::want_output(const command_ptr& c, std::size_t stream)
{
    command::output_pipe& s = c->outputs[stream];
    if (!s.pipe || s.reading || !c->output_wanted || c->forgotten) return;
    s.pipe->when_readable([this, weak = std::weak_ptr<command>(c), stream] {
        if (const command_ptr locked = weak.lock()) read_some(locked, stream);
    });
}

void process_host::read_some(const command_ptr& c, std::size_t stream)
{
    command::output_pipe& s = c->outputs[stream];
    s.reading = true;
    for (int turn = 0; turn < reads_per_turn && s.pipe && c->output_wanted && !c->forgotten; ++turn) {
        const ssize_t got = ::read(s.pipe->fd(), buffer_.data(), buffer_.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) break;
        if (got <= 0) {
            s.pipe.reset();
            news_.output_end(c->ref, stream);
            break;
        }
        const auto size = static_cast<std::size_t>(got);
        // A pipe found full twice belongs to a flood: fewer, larger turns. Refused beyond the user's pipe budget, which
        // does no harm.
        if (size == piece && ++s.full_reads == 2) {
            ::fcntl(s.pipe->fd(), F_SETPIPE_SZ, static_cast<int>(big_pipe));
            if (buffer_.size() == piece) buffer_.resize(4 * piece);
        }
        news_.output(c->ref, stream, base::bytes_view{buffer_.data(), size});
    }
    s.reading = false;
    want_output(c, stream);
}

void process_host::carry_out(shell::read_output&& order)
{
    const command_ptr c = find(order.process);
    if (!c || c->output_wanted == order.wanted) return;
    c->output_wanted = order.wanted;
    for (std::size_t i = 0; i < output_streams; ++i) {
        if (order.wanted) want_output(c, i);
        else if (c->outputs[i].pipe) c->outputs[i].pipe->cancel();
    }
}

// -- input

void process_host::carry_out(shell::write_input&& order)
{
    const command_ptr c = find(order.process);
    if (!c) return;
    c->input.erase(0, c->input_at);
    c->input_at = 0;
    c->input += order.data;
    c->input_end = c->input_end || order.end;
    if (!c->input_waits) flush_input(c);
}

void process_host::flush_input(const command_ptr& c)
{
    c->input_waits = false;
    while (c->in && c->input_at < c->input.size()) {
        const ssize_t put = ::write(c->in->fd(), c->input.data() + c->input_at, c->input.size() - c->input_at);
        if (put >= 0) {
            c->input_at += static_cast<std::size_t>(put);
        } else if (errno == EAGAIN) {
            c->input_waits = true;
            c->in->when_writable([this, weak = std::weak_ptr<command>(c)] {
                if (const command_ptr locked = weak.lock()) flush_input(locked);
            });
            return;
        } else if (errno != EINTR) {
            c->in.reset(); // EPIPE: nobody reads any more, the rest is discarded
        }
    }
    std::string{}.swap(c->input);
    c->input_at = 0;
    if (c->input_end) c->in.reset();
    if (!c->forgotten) news_.input_taken(c->ref);
}

// -- signals and the end

void process_host::carry_out(shell::signal_process&& order)
{
    const command_ptr c = find(order.process);
    if (c && !c->reaped) ::kill(-c->pid, order.signal_number);
}

void process_host::carry_out(shell::kill_process&& order)
{
    const command_ptr c = find(order.process);
    if (!c) return;
    command_groups::kill(c->group);
    schedule_kill(c);
}

void process_host::carry_out(shell::forget_process&& order)
{
    const auto at = commands_.find(order.process);
    if (at == commands_.end()) return;
    const command_ptr c = at->second;
    commands_.erase(at);
    c->forgotten = true;
    c->in.reset();
    for (auto& output : c->outputs) output.pipe.reset();
    if (c->group) {
        groups_.release(std::exchange(c->group, {}));
        tidy_groups();
    }
    if (!(c->reaped && no_children())) schedule_kill(c);
}

/// Its processes may write themselves into another of the account's cgroups, so that /proc is scanned in any case.
void process_host::schedule_kill(const command_ptr& c)
{
    const auto at =
        std::find_if(pending_kills_.begin(), pending_kills_.end(), [&](const pending_kill& k) { return k.who == c; });
    const pending_kill fresh{c, 0, loop_.now() + longest_kill};
    if (at == pending_kills_.end()) pending_kills_.push_back(fresh);
    else *at = fresh;
    scans_in_row_ = 0;
    if (!std::exchange(sweep_is_near_, true))
        sweep_timer_.set_after(groups_.available() ? late_sweep_pause : sweep_pause, [this] { sweep(); });
}

void process_host::sweep()
{
    sweep_is_near_ = false;
    if (no_children()) return pending_kills_.clear();
    std::vector<kill_target> targets;
    std::set<command_ptr> closing;
    for (const pending_kill& k : pending_kills_) {
        // No number is given again as long as it names a session or group. What has it now is somebody else.
        if (k.who && k.who->reaped && k.who->pid > 0 && (::kill(k.who->pid, 0) == 0 || errno != ESRCH))
            forget_number(k.who->pid);
        targets.push_back(k.who ? kill_target{k.who->pid, k.who->reaped, k.who->mark} : kill_target{});
        closing.insert(k.who);
    }
    std::set<pid_t> roots;
    for (const auto& [pid, c] : living_) roots.insert(pid);
    std::set<std::string> spared;
    for (const auto& [ref, c] : commands_)
        if (!closing.contains(c)) spared.insert(c->mark);

    const kill_scan outcome = kill_commands(targets, roots, spared);
    if (outcome.complete) {
        note_scan(targets, outcome.strays);
    } else {
        for (const pending_kill& k : pending_kills_) // without a scan of /proc these are all that are known
            if (k.who && !k.who->reaped) ::kill(-k.who->pid, SIGKILL);
    }
    std::erase_if(pending_kills_,
                  [now = loop_.now()](const pending_kill& k) { return k.quiet == quiet_scans || k.until <= now; });
    if (pending_kills_.empty()) return;
    const int doublings = std::min(scans_in_row_++, 10);
    sweep_timer_.set_after(std::min(next_sweep_pause * (1 << doublings), longest_sweep_pause), [this] { sweep(); });
}

/// What keeps forking may have slipped between two scans, so that one which found nothing proves little.
void process_host::note_scan(const std::vector<kill_target>& targets, bool strays)
{
    bool strays_known = false;
    for (std::size_t i = 0; i < pending_kills_.size(); ++i) {
        pending_kill& k = pending_kills_[i];
        const bool found = k.who ? targets[i].found : strays;
        strays_known = strays_known || !k.who;
        k.quiet = found ? 0 : k.quiet + 1;
    }
    if (strays && !strays_known) pending_kills_.push_back({nullptr, 0, loop_.now() + longest_kill});
}

/// It says nothing any more about an older command that had it.
void process_host::forget_number(pid_t pid)
{
    const auto forget = [pid](const command_ptr& old) {
        if (old && old->reaped && old->pid == pid) old->pid = -1;
    };
    for (const auto& [ref, old] : commands_) forget(old);
    for (const pending_kill& old : pending_kills_) forget(old.who);
}

void process_host::tidy_groups()
{
    if (groups_.tidy() == 0 || std::exchange(tidy_planned_, true)) return;
    tidy_timer_.set_after(tidy_pause, [this] {
        tidy_planned_ = false;
        tidy_groups();
    });
}

void process_host::reap()
{
    const std::shared_ptr<bool> alive = alive_;
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto at = living_.find(pid);
        if (at == living_.end()) continue; // an adopted orphan
        const command_ptr c = at->second;
        living_.erase(at);
        c->reaped = true;
        // What is sent from now on is discarded with success, as Windows does.
        c->in.reset();
        if (c->input_waits) flush_input(c);
        if (!c->forgotten) news_.exited(c->ref, status_of(status));
        if (!*alive) return;
    }
}

bool process_host::kill_everything()
{
    for (auto& [ref, c] : commands_) command_groups::kill(c->group);
    // Round by round, because a process killed while it forks leaves a child that this scan did not see.
    for (int round = 0; round < 200; ++round) {
        reap();
        if (no_children()) break;
        if (round % 10 == 0) kill_all_descendants();
        ::usleep(5000);
    }
    for (auto& [ref, c] : commands_)
        if (c->group) groups_.release(std::exchange(c->group, {}));
    return no_children();
}

} // namespace winrm::service::user
