#include "service/user/user_server.h"

#include "service/user/login_shell.h"

#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace winrm::service::user {
namespace {

using base::milliseconds;

/// What Get winrm/config shows of the quotas.
wsman::config_resource config_of(const wire::user_setup& s)
{
    const wire::quotas& q = s.limits;
    wsman::config_resource c;
    c.max_envelope_size_kb = q.max_envelope_kb;
    c.max_timeout_ms = q.max_timeout_ms;
    c.allow_unencrypted = s.allow_unencrypted;
    c.auth_basic = s.basic;
    c.auth_negotiate = s.negotiate;
    c.auth_kerberos = s.kerberos;
    c.max_concurrent_operations_per_user = q.max_operations_per_user;
    c.enumeration_timeout_ms = q.enumeration_time_s * 1000;
    c.max_connections = q.max_connections;
    c.max_packet_retrieval_time_s = q.body_time_s;
    c.idle_timeout_ms = std::uint64_t{q.shell_idle_s} * 1000;
    c.max_concurrent_users = q.max_users;
    if (q.shell_lifetime_s != 0) c.max_shell_run_time_ms = q.shell_lifetime_s * 1000;
    c.max_processes_per_shell = q.max_processes_per_shell;
    c.max_memory_per_shell_mb = q.max_memory_per_shell_mb;
    c.max_shells_per_user = q.max_shells_per_user;
    c.http_port = s.http_port;
    c.https_port = s.https_port;
    return c;
}

/// The only place where the table's options are filled in: quotas as configured become its units.
shell::table_options table_options_of(const wire::user_setup& s, wsman::config_resource* config)
{
    shell::table_options t;
    t.owner = s.user;
    // Like sshd: an account without its home folder (nobody) works in the root folder, with HOME as in passwd.
    t.home = ::access(s.home.c_str(), X_OK) == 0 ? s.home : "/";
    t.user_shell = s.shell;
    t.machine = s.machine;
    t.product_vendor = s.product_vendor;
    t.product_version = s.product_version;
    // The security profiles of DSP0226.
    constexpr const char* profile = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/";
    if (s.basic && s.https_port != 0) t.security_profiles.push_back(std::string(profile) + "https/basic");
    if (s.basic && s.http_port != 0 && s.allow_unencrypted)
        t.security_profiles.push_back(std::string(profile) + "http/basic");
    if (s.negotiate || s.kerberos) { // sealed where there is no TLS
        if (s.https_port != 0) t.security_profiles.push_back(std::string(profile) + "https/spnego-kerberos");
        if (s.http_port != 0) t.security_profiles.push_back(std::string(profile) + "http/spnego-kerberos");
    }
    const wire::quotas& q = s.limits;
    t.limits.envelope = std::size_t{q.max_envelope_kb} * 1024;
    t.max_timeout = milliseconds{q.max_timeout_ms};
    t.default_idle_timeout = t.max_idle_timeout = std::chrono::seconds{q.shell_idle_s};
    t.min_idle_timeout = std::min(t.min_idle_timeout, t.max_idle_timeout);
    t.shell_lifetime = std::chrono::seconds{q.shell_lifetime_s};
    t.max_shells_per_user = q.max_shells_per_user;
    t.max_commands_per_shell = q.max_commands_per_shell;
    t.max_operations_per_user = q.max_operations_per_user;
    t.max_command_line = q.max_command_line;
    t.output_budget = std::size_t{q.output_budget_kb} * 1024;
    t.enumeration_time = std::chrono::seconds{q.enumeration_time_s};
    t.config = config;
    return t;
}

/// Beside this program; "" where it is not.
std::string commands_folder()
{
    std::error_code none;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", none).parent_path() / "commands";
    return ::access((folder / "powershell").c_str(), X_OK) == 0 ? folder.string() : std::string{};
}

host_options host_options_of(const wire::user_setup& s)
{
    host_options h;
    h.who.name = s.user;
    h.who.home = s.home;
    h.who.shell = s.shell;
    h.who.is_root = ::geteuid() == 0;
    h.who.full_shell = is_full_shell(s.shell, listed_shells());
    h.who.session = session_variables(environ);
    h.who.commands = commands_folder();
    h.who.powershell = s.powershell;
    h.cgroup = s.cgroup;
    h.max_memory_per_shell = std::uint64_t{s.limits.max_memory_per_shell_mb} * 1024 * 1024;
    h.max_processes_per_shell = s.limits.max_processes_per_shell;
    h.max_shells_per_user = s.limits.max_shells_per_user;
    return h;
}

powershell_options powershell_options_of(const wire::user_setup& s)
{
    powershell_options p;
    if (!s.powershell.empty()) p.program = s.powershell;
    p.warm_spare = s.warm_spare;
    return p;
}

} // namespace

user_server::user_server(io::loop& on, const wire::user_setup& setup, base::log_sink& log,
                         std::function<void(wire::user_status)> status)
    : loop_(on), log_(log), report_(std::move(status)), max_frame_(wire::max_data_frame(setup.limits.max_envelope_kb)),
      config_(config_of(setup)), table_(table_options_of(setup, &config_), base::system_random(), log, on.now()),
      timer_(on), host_(on, host_options_of(setup), powershell_options_of(setup), *this, log)
{}

user_server::~user_server()
{
    pumping_ = true; // news that still comes goes to the table and no further
}

void user_server::add_connection(const std::string& peer, io::unique_fd socket, const base::secret& ticket)
{
    const std::uint64_t id = next_connection_++;
    connection& c = connections_[id];
    c.peer = peer;
    if (!ticket.empty()) {
        c.ticket = ticket_file::make(ticket);
        if (!c.ticket) log_.write(base::log_level::error, "ticket_not_kept", {{"peer", peer}});
    }
    c.socket = std::make_unique<io::message_socket>(loop_, std::move(socket), max_frame_, 0);
    c.socket->start([this, id](io::message_socket::message m) { frame_arrived(id, std::move(m.payload)); },
                    [this, id] { connection_ended(id); });
    report_status();
}

void user_server::connection_lost(const std::string& peer)
{
    log_.write(base::log_level::error, "connection_lost", {{"peer", peer}, {"reason", "no_descriptors"}});
    ++next_connection_;
    report_status();
}

void user_server::frame_arrived(std::uint64_t id, base::bytes&& payload)
{
    connection& c = connections_.at(id);
    auto frame = wire::decode(std::move(payload));
    const connection_rule* row = frame ? wire::find_rule(front_rules, c.state, frame->index()) : nullptr;
    if (!row) {
        log_.write(base::log_level::error, "front_broke_rules", {{"peer", c.peer}});
        return connection_ended(id);
    }
    switch (row->what) {
    case connection_duty::begin_request: return handle_request(id, c, std::get<wire::request>(std::move(*frame)));
    case connection_duty::answer_now:
        if (std::get<wire::answer_now>(*frame).number != c.number) return; // meant for the one before
        table_.handle_answer_now(c.waiting, loop_.now());
        return pump();
    case connection_duty::ignore: return;
    }
}

void user_server::handle_request(std::uint64_t id, connection& c, wire::request&& request)
{
    const shell::request_token token{next_token_++};
    c.state = connection_state::answering;
    c.waiting = token;
    c.number = request.number;
    c.encoding = soap::charset::utf8;
    tokens_[token] = id;
    auto text = soap::decode(std::move(request.envelope), request.charset);
    if (text) {
        c.encoding = text->encoding;
        const std::size_t octets = text->encoding == soap::charset::utf8 ? 1 : 2;
        table_.handle_request(token, text->text, c.peer, loop_.now(), {octets, request.chunked});
    } else {
        table_.handle_unreadable(token, text.error().message(), loop_.now());
    }
    asking_ = id;
    pump();
    asking_ = 0;
}

/// A shell's commands have the ticket of the login that began the first of them; a client's own KRB5CCNAME goes first.
void user_server::give_ticket(const std::string& shell_id, std::vector<shell::variable>& session)
{
    auto at = tickets_.find(shell_id);
    if (at == tickets_.end()) {
        const auto asking = connections_.find(asking_);
        if (asking == connections_.end()) return;
        at = tickets_.emplace(shell_id, asking->second.ticket).first;
    }
    if (at->second) session.push_back({"KRB5CCNAME", at->second->name()});
}

void user_server::drop_tickets()
{
    std::erase_if(tickets_, [this](const auto& one) { return !table_.has_shell(one.first); });
}

void user_server::connection_ended(std::uint64_t id)
{
    const auto at = connections_.find(id);
    if (at == connections_.end()) return;
    const bool answering = at->second.state == connection_state::answering;
    const shell::request_token token = at->second.waiting;
    connections_.erase(at);
    if (answering) {
        tokens_.erase(token);
        table_.handle_gone(token, loop_.now());
        pump();
    }
    report_status();
}

void user_server::send_reply(shell::outgoing_reply&& reply)
{
    const auto at = tokens_.find(reply.token);
    if (at == tokens_.end()) return;
    connection& c = connections_.at(at->second);
    tokens_.erase(at);
    c.state = connection_state::idle;
    wire::reply out;
    out.number = c.number;
    out.is_fault = reply.is_fault;
    out.media_type = soap::media_type(c.encoding);
    out.envelope = soap::encode(std::move(reply.envelope), c.encoding);
    c.socket->send(wire::encode_head(out), out.envelope);
}

void user_server::pump()
{
    if (pumping_) return;
    pumping_ = true;
    for (bool again = true; again;) {
        again = false;
        while (auto reply = table_.poll_reply()) {
            send_reply(std::move(*reply));
            again = true;
        }
        while (auto order = table_.poll_order()) {
            if (auto* start = std::get_if<shell::start_process>(&*order)) give_ticket(start->shell_id, start->session);
            if (auto* start = std::get_if<shell::start_shell_process>(&*order))
                give_ticket(start->shell_id, start->session);
            host_.execute(std::move(*order));
            again = true;
        }
    }
    pumping_ = false;
    drop_tickets();
    arm_timer();
    report_status();
}

/// The timer may ring early and then looks again: most changes only move the deadline away.
void user_server::arm_timer()
{
    const base::time_point wanted = table_.deadline();
    if (wanted >= armed_) return;
    armed_ = wanted;
    timer_.set(wanted, [this] {
        armed_ = base::time_point::max();
        if (table_.deadline() <= loop_.now()) table_.handle_timeout(loop_.now());
        pump();
    });
}

wire::user_status user_server::status() const
{
    return {static_cast<std::uint32_t>(table_.shells()), static_cast<std::uint32_t>(connections_.size()),
            static_cast<std::uint32_t>(next_connection_ - 1)};
}

void user_server::report_status()
{
    const wire::user_status now = status();
    if (now.shells == reported_.shells && now.connections == reported_.connections && now.taken == reported_.taken)
        return;
    reported_ = now;
    report_(now);
}

bool user_server::close_all()
{
    table_.close_all(loop_.now());
    pump();
    return host_.kill_everything();
}

std::size_t user_server::unsent() const
{
    std::size_t sum = 0;
    for (const auto& [id, c] : connections_) sum += c.socket->pending();
    return sum;
}

// -- news of processes

void user_server::started(shell::process_ref p, std::uint32_t pid)
{
    table_.process_started(p, pid, loop_.now());
    pump();
}

void user_server::not_started(shell::process_ref p, shell::start_failure why)
{
    table_.process_not_started(p, why, loop_.now());
    pump();
}

void user_server::output(shell::process_ref p, std::size_t stream, base::bytes_view data)
{
    table_.process_output(p, stream, data, loop_.now());
    pump();
}

void user_server::output_end(shell::process_ref p, std::size_t stream)
{
    table_.process_output_end(p, stream, loop_.now());
    pump();
}

void user_server::input_taken(shell::process_ref p)
{
    table_.process_input_taken(p, loop_.now());
    pump();
}

void user_server::exited(shell::process_ref p, int status)
{
    table_.process_exited(p, status, loop_.now());
    pump();
}

void user_server::shell_not_started(shell::process_ref p, shell::start_failure why, const std::string& text)
{
    table_.process_not_started(p, why, loop_.now(), text);
    pump();
}

void user_server::lost(shell::process_ref p, std::string text)
{
    table_.process_lost(p, std::move(text), loop_.now());
    pump();
}

void user_server::connected(shell::process_ref p, std::optional<base::bytes> answer)
{
    table_.process_connected(p, std::move(answer), loop_.now());
    pump();
}

} // namespace winrm::service::user
