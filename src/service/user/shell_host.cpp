#include "service/user/shell_host.h"

#include <algorithm>

namespace winrm::service::user {
namespace {

constexpr base::milliseconds spare_pause{2'000};
constexpr const char* group_name = "powershell"; ///< of its cgroup, where a command's has its id

} // namespace

shell_host::shell_host(io::loop& on, host_options host, powershell_options powershell, shell_news& news,
                       base::log_sink& log)
    : loop_(on), news_(news), log_(log), powershell_(std::move(powershell)), max_closing_(host.max_shells_per_user),
      spare_timer_(on), timer_(on), processes_(on, std::move(host), *this)
{}

shell_host::~shell_host() = default;

shell_host::session_ptr shell_host::session_of(shell::process_ref real) const
{
    const auto at = sessions_.find(real);
    return at == sessions_.end() ? nullptr : at->second;
}

void shell_host::execute(shell::process_order order)
{
    if (auto* start = std::get_if<shell::start_shell_process>(&order)) start_shell(std::move(*start));
    else if (auto* pipeline = std::get_if<shell::start_pipeline>(&order)) start_pipeline(std::move(*pipeline));
    else if (!for_session(order)) return processes_.execute(std::move(order));
    settle();
}

void shell_host::run_program(shell::process_ref real, const std::string& shell_id, std::vector<shell::variable> session)
{
    shell::start_process start;
    start.process = real;
    start.use_shell = false;
    start.argv = {powershell_.program, "-SSHServerMode", "-NoLogo", "-NoProfile"};
    start.session = std::move(session);
    start.shell_id = shell_id;
    start.command_id = group_name;
    processes_.execute(std::move(start));
}

void shell_host::start_shell(shell::start_shell_process&& order)
{
    const shell::process_ref ref = order.process;
    shell::process_ref real = ref;
    const bool warm = take_spare(order, real);
    const auto session = std::make_shared<powershell_session>(loop_, processes_, news_, real, ref, powershell_.bridge);
    sessions_[real] = session;
    hosts_[ref] = real;
    if (warm) session->started(std::exchange(spare_, std::nullopt)->pid);
    else run_program(real, order.shell_id, std::move(order.session));
    if (!sessions_.contains(real)) return;
    session->begin(std::move(order.first));
    plan_spare();
}

/// What is started ahead has the environment of any login: not for a shell that has a ticket of its own.
bool shell_host::take_spare(const shell::start_shell_process& order, shell::process_ref& real)
{
    if (!spare_ || !order.session.empty()) return false;
    real = spare_->real;
    processes_.move(real, order.shell_id, group_name);
    return true;
}

/// Not at once: the shell that has just begun is waited for.
void shell_host::plan_spare()
{
    if (!powershell_.warm_spare || spare_ || std::exchange(spare_planned_, true)) return;
    spare_timer_.set_after(spare_pause, [this] {
        spare_planned_ = false;
        start_spare();
    });
}

void shell_host::start_spare()
{
    if (spare_) return;
    spare_ = spare{shell::process_ref{next_spare_--}, 0};
    run_program(spare_->real, "spare", {});
}

void shell_host::start_pipeline(shell::start_pipeline&& order)
{
    const auto host = hosts_.find(order.host);
    const session_ptr session = host == hosts_.end() ? nullptr : session_of(host->second);
    if (!session) return news_.not_started(order.process, shell::start_failure::no_resources);
    pipelines_[order.process] = host->second;
    session->begin_pipeline(order.process, order.command_id, std::move(order.first));
}

bool shell_host::for_session(shell::process_order& order)
{
    const shell::process_ref ref = std::visit([](const auto& o) { return o.process; }, order);
    const auto pipeline = pipelines_.find(ref);
    const bool of_shell = pipeline == pipelines_.end();
    const auto host = hosts_.find(ref);
    if (of_shell && host == hosts_.end()) return false;
    const session_ptr session = session_of(of_shell ? host->second : pipeline->second);
    if (!session) {
        if (std::holds_alternative<shell::forget_process>(order)) (of_shell ? hosts_ : pipelines_).erase(ref);
        return true;
    }
    if (auto* write = std::get_if<shell::write_input>(&order)) session->write(std::move(*write));
    if (std::holds_alternative<shell::signal_process>(order)) session->signal(ref);
    if (const auto* read = std::get_if<shell::read_output>(&order)) session->want_output(ref, read->wanted);
    if (const auto* connect = std::get_if<shell::connect_shell_process>(&order)) session->connect(connect->request);
    if (std::holds_alternative<shell::forget_process>(order)) {
        if (of_shell) {
            hosts_.erase(host);
            session->shut_down();
        } else {
            pipelines_.erase(ref);
            session->close_pipeline(ref);
        }
    }
    return true;
}

/// Forgets sessions that are done, and those that end while too many others do.
void shell_host::settle()
{
    std::size_t closing = 0;
    for (const auto& [ref, session] : sessions_) closing += session->shutting_down() ? 1U : 0U;
    for (auto at = sessions_.begin(); at != sessions_.end();) {
        const bool too_many = at->second->shutting_down() && closing > max_closing_;
        if (!too_many && !(at->second->finished() && at->second->shutting_down())) {
            ++at;
            continue;
        }
        if (at->second->shutting_down()) --closing;
        const shell::process_ref ref = at->first;
        at = sessions_.erase(at);
        processes_.execute(shell::forget_process{ref});
    }
    arm_timer();
}

void shell_host::arm_timer()
{
    base::time_point wanted = base::time_point::max();
    for (const auto& [ref, session] : sessions_) wanted = std::min(wanted, session->deadline());
    if (wanted >= armed_) return;
    armed_ = wanted;
    timer_.set(wanted, [this] {
        armed_ = base::time_point::max();
        std::vector<session_ptr> all;
        for (const auto& [ref, session] : sessions_) all.push_back(session);
        for (const session_ptr& session : all) session->handle_timeout();
        settle();
    });
}

std::string shell_host::not_found_text() const
{
    return "PowerShell is not installed here: there is no program \"" + powershell_.program +
           "\". Install the package \"powershell\" (https://aka.ms/powershell), or name the program as [powershell] "
           "program in "
           "winrmd.toml.";
}

// -- news of real processes

void shell_host::started(shell::process_ref p, std::uint32_t pid)
{
    if (spare_ && spare_->real == p) {
        spare_->pid = pid;
        log_.write(base::log_level::info, "powershell_spare", {{"pid", std::to_string(pid)}});
    } else if (const session_ptr session = session_of(p)) {
        session->started(pid);
    } else {
        news_.started(p, pid);
    }
}

void shell_host::not_started(shell::process_ref p, shell::start_failure why)
{
    if (drop_spare(p)) return;
    if (sessions_.erase(p) == 0) return news_.not_started(p, why);
    hosts_.erase(p); // its number is the table's: a spare was not needed
    std::string text;
    if (why == shell::start_failure::not_found) text = not_found_text();
    else if (why == shell::start_failure::no_permission) text = "PowerShell may not be run by this account.";
    news_.shell_not_started(p, why, text);
}

/// One that ends or says something unasked is of no use.
bool shell_host::drop_spare(shell::process_ref p)
{
    if (!spare_ || spare_->real != p) return false;
    spare_.reset();
    processes_.execute(shell::forget_process{p});
    return true;
}

void shell_host::output(shell::process_ref p, std::size_t stream, base::bytes_view data)
{
    if (drop_spare(p)) return;
    const session_ptr session = session_of(p);
    if (!session) return news_.output(p, stream, data);
    session->output(stream, data);
    settle();
}

void shell_host::output_end(shell::process_ref p, std::size_t stream)
{
    if (drop_spare(p)) return;
    const session_ptr session = session_of(p);
    if (!session) return news_.output_end(p, stream);
    session->output_end(stream);
    settle();
}

void shell_host::input_taken(shell::process_ref p)
{
    if (const session_ptr session = session_of(p)) session->input_taken();
    else news_.input_taken(p);
}

void shell_host::exited(shell::process_ref p, int status)
{
    if (drop_spare(p)) return;
    const session_ptr session = session_of(p);
    if (!session) return news_.exited(p, status);
    session->exited(status);
    settle();
}

} // namespace winrm::service::user
