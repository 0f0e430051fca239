#include "service/monitor/monitor.h"

#include "base/text.h"
#include "service/monitor/config.h"
#include "service/monitor/file_check.h"
#include "service/monitor/own_limits.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

constexpr const char* vendor = "OpenWinRM";
constexpr std::uint32_t answer_margin_ms = 30'000; // a user process that exceeds the timeout by this counts as dead
constexpr unsigned max_failed_starts = 5;          // processes that ended at once, before one was ever ready

std::string host_name()
{
    char name[256] = "";
    return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

} // namespace

login_policy policy_of(const settings& s, bool root)
{
    login_policy p;
    p.how = s.user_file.empty() ? backend::pam : backend::user_file;
    p.pam_service = s.pam_service;
    p.user_file = s.user_file;
    p.account_rules = root;
    if (s.allow_groups) p.allow_groups = *s.allow_groups;
    else if (root) p.allow_groups = {"winrm"};
    p.permit_root = s.permit_root;
    p.by_exec = true;
    if (!root) p.only_uid = ::geteuid();
    p.time = base::milliseconds{s.limits.login_time_s * 1000};
    return p;
}

void notify_systemd(const std::string& state)
{
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (!path || std::strlen(path) < 2 || std::strlen(path) >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, std::strlen(path));
    if (*path == '@') address.sun_path[0] = '\0';
    const io::unique_fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    if (fd)
        (void)::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                       reinterpret_cast<const sockaddr*>(&address), size);
}

base::milliseconds watchdog_time(const char* usec, const char* pid, pid_t own)
{
    const auto time = base::parse_unsigned(usec ? usec : "");
    const auto who = base::parse_unsigned(pid ? pid : "");
    if (!time || (pid && (!who || *who != static_cast<std::uint64_t>(own)))) return base::milliseconds{0};
    return base::milliseconds{std::min<std::uint64_t>(*time / 1000, 86'400'000)};
}

monitor::monitor(io::loop& on, plan p, wire::level_log& log)
    : plan_(std::move(p)), log_(log), loop_(on), children_(loop_), watchdog_clock_(loop_),
      signals_(loop_, {SIGTERM, SIGINT, SIGHUP}, [this](int n) { signalled(n); }), legs_clock_(loop_)
{
    children_.adopt_orphans();
}

monitor::~monitor()
{
    if (input_flags_ >= 0) ::fcntl(STDIN_FILENO, F_SETFL, input_flags_);
}

wire::front_setup monitor::front_setup_of() const
{
    const settings& s = plan_.values;
    wire::front_setup out;
    for (const listen_address& l : s.listen) out.listeners.push_back({l.address, l.tls});
    out.certificate_pem = plan_.certificate_pem;
    out.key_pem = plan_.key_pem.clone();
    out.allow_unencrypted = s.allow_unencrypted;
    out.basic = s.auth_basic;
    out.token_schemes = plan_.tokens.schemes;
    out.max_connections = s.limits.max_connections;
    out.max_envelope_kb = s.limits.max_envelope_kb;
    out.head_time_ms = s.limits.head_time_s * 1000;
    out.body_time_ms = s.limits.body_time_s * 1000;
    out.connection_idle_ms = s.limits.connection_idle_s * 1000;
    out.answer_time_ms = s.limits.max_timeout_ms + answer_margin_ms;
    out.product_vendor = vendor;
    out.product_version = "OS: 0.0.0 SP: 0.0 Stack: 3.0"; // S12: nothing of system or build before login
    out.log_level = static_cast<std::uint8_t>(s.log_level);
    return out;
}

wire::token_setup monitor::token_setup_of() const
{
    const settings& s = plan_.values;
    const wire::token_setup& given = plan_.tokens.setup;
    wire::token_setup out;
    for (const wire::ntlm_account& one : given.ntlm_accounts)
        out.ntlm_accounts.push_back({one.user, one.domain, one.nt_hash.clone()});
    out.ntlm = given.ntlm;
    out.bindings = given.bindings;
    out.keytab = given.keytab.clone();
    out.services = given.services;
    out.winbind = given.winbind;
    out.allow_unencrypted = s.allow_unencrypted;
    const std::string host = host_name();
    out.nb_computer = host.substr(0, std::min<std::size_t>(host.find('.'), 15));
    for (char& c : out.nb_computer)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    out.nb_domain = given.nb_domain;
    out.dns_computer = given.dns_computer.empty() ? host : given.dns_computer;
    out.dns_domain = given.dns_domain;
    out.max_logins = 2 * s.fronts * s.limits.max_connections; // twice, while fronts are replaced
    out.login_time_ms = given.login_time_ms;
    out.log_level = static_cast<std::uint8_t>(s.log_level);
    return out;
}

user_process_options monitor::user_options_of() const
{
    const settings& s = plan_.values;
    const limit_settings& l = s.limits;
    const bool root = ::geteuid() == 0;
    user_process_options out;
    out.program = helper_path("winrmd-user");
    wire::user_setup& u = out.setup;
    u.machine = host_name();
    u.limits = l;
    for (const listening_socket& socket : shown_) {
        std::uint16_t& port = socket.tls ? u.https_port : u.http_port;
        if (port == 0) port = socket.port;
    }
    u.allow_unencrypted = s.allow_unencrypted;
    u.basic = s.auth_basic;
    const auto offered = [this](const char* scheme) {
        const auto& all = plan_.tokens.schemes;
        return std::find(all.begin(), all.end(), scheme) != all.end();
    };
    u.negotiate = offered("Negotiate");
    u.kerberos = offered("Kerberos");
    u.product_vendor = vendor;
    // Windows' form, because clients read "Stack: 3.0" as a feature level; our version stands for the build of the OS.
    u.product_version = "OS: " OPENWINRM_VERSION " SP: 0.0 Stack: 3.0";
    u.log_level = static_cast<std::uint8_t>(s.log_level);
    u.powershell = s.powershell.program;
    u.warm_spare = s.powershell.warm_spare;
    out.pam_service = root && !plan_.test ? s.pam_service : std::string{};
    out.switch_account = root;
    out.max_users = l.max_users;
    out.heartbeat = base::milliseconds{l.heartbeat_s * 1000};
    out.grace = base::milliseconds{l.user_process_grace_s * 1000};
    return out;
}

result<void> monitor::start()
{
    const std::string front = helper_path("winrmd-front");
    if (front.empty() || helper_path("winrmd-user").empty() || helper_path("winrmd-token").empty())
        return winrm::error{errc::bad_config,
                            "winrmd-front, winrmd-token and winrmd-user are neither beside winrmd nor "
                            "in " OPENWINRM_LIBEXECDIR ": install all four"};
    settings& s = plan_.values;
    if (auto enough = arrange_open_files(s, log_); !enough) return enough;
    std::vector<std::vector<listening_socket>> sockets;
    for (std::uint32_t i = 0; i < s.fronts; ++i) {
        auto& mine = sockets.emplace_back();
        for (listen_address& l : s.listen) {
            auto got = listen_on(l, s.fronts > 1);
            if (!got) return std::move(got).error();
            l.port = got->port; // all fronts share the port chosen for 0
            mine.push_back(std::move(*got));
        }
    }
    for (const listening_socket& l : sockets.front()) {
        shown_.push_back({io::unique_fd{}, l.shown, l.port, l.tls});
        log_.write(base::log_level::info, "listening", {{"address", l.shown}, {"tls", l.tls ? "on" : "off"}});
    }
    if (s.allow_unencrypted)
        log_.write(base::log_level::warning, "unencrypted_allowed",
                   {{"meaning", "passwords, commands and output cross the network in clear on listeners without TLS"}});
    users_.emplace(loop_, children_, user_options_of(), cgroup_root::find(), log_);
    desk_.emplace(loop_, children_, std::move(plan_.policy), s.limits.max_parallel_logins, log_,
                  [this](std::uint64_t key, std::uint64_t connection) { fronts_->started(key, connection); });
    front_processes::news news;
    news.login = [this](std::uint64_t key, wire::login_request&& q) { login(key, std::move(q)); };
    news.withdrawn = [this](std::uint64_t key, std::uint64_t connection) {
        if (pending_.erase({key, connection}) != 0 && desk_) desk_->drop(key, connection);
        end_login(key, connection);
    };
    news.lost = [this](std::uint64_t key) {
        pending_.erase(pending_.lower_bound({key, 0}), pending_.lower_bound({key + 1, 0}));
        if (desk_) desk_->drop(key);
        legs_.drop(key);
        if (reader_) reader_->send(wire::token_drop{key, 0, true});
    };
    fronts_.emplace(loop_, children_, front, log_, std::move(news));
    fronts_->when_failed([this] {
        if ((ready_ && !plan_.test) || fronts_->failures() < max_failed_starts) return;
        status_ = 1;
        stop("no_front_gets_ready");
    });
    fronts_->when_ready([this] {
        fronts_ready_ = true;
        note_ready();
    });
    if (!plan_.tokens.schemes.empty()) start_tokens();
    fronts_->set_heartbeat(base::milliseconds{s.limits.heartbeat_s * 1000});
    fronts_->start(front_setup_of(), std::move(sockets));
    if (plan_.test) watch_standard_input();
    return {};
}

int monitor::run()
{
    loop_.run();
    children_.kill_all();
    return status_;
}

void monitor::note_ready()
{
    if (ready_ || !fronts_ready_ || (reader_ && !reader_->serving())) return;
    ready_ = true;
    notify_systemd("READY=1");
    feed_watchdog();
    log_.write(base::log_level::info, "ready", {});
    if (when_ready_) when_ready_();
}

/// Three times per watchdog interval, so that one may be late.
void monitor::feed_watchdog()
{
    const base::milliseconds time =
        watchdog_time(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), ::getpid());
    if (time.count() == 0 || stopping_) return;
    if (fronts_->alive()) notify_systemd("WATCHDOG=1");
    watchdog_clock_.set_after(time / 3, [this] { feed_watchdog(); });
}

void monitor::refuse(std::uint64_t key, const wire::login_request& request, const char* reason)
{
    log_.write(base::log_level::warning, "login",
               {{"result", "denied"},
                {"peer", request.peer},
                {"user", request.user},
                {"scheme", request.scheme},
                {"reason", reason}});
    pending_.erase({key, request.connection});
    fronts_->answer(key, {request.connection, wire::login_verdict::denied});
}

void monitor::login(std::uint64_t key, wire::login_request&& request)
{
    const std::uint64_t connection = request.connection;
    if (stopping_) return fronts_->answer(key, {connection, wire::login_verdict::unavailable});
    // A connection has one login at a time; a front that asks for more is compromised.
    if (!pending_.insert({key, connection}).second)
        return fronts_->answer(key, {connection, wire::login_verdict::denied});
    if (request.scheme != "Basic") return token_leg(key, std::move(request));
    const bool clear = !request.tls && !plan_.values.allow_unencrypted;
    if (clear || !plan_.values.auth_basic) return refuse(key, request, "unencrypted");
    desk_->ask(key, std::move(request),
               [this, key](const wire::login_request& q, const login_result& r) { conclude(key, q, r, {}); });
}

/// The account is decided about.
/// @param answer  what else goes with a success
/// @param ticket  forwarded with the login; for the account's process alone
void monitor::conclude(std::uint64_t key, const wire::login_request& request, const login_result& r,
                       wire::login_answer&& answer, base::secret ticket)
{
    if (stopping_ || pending_.erase({key, request.connection}) == 0) return; // the connection has ended
    io::unique_fd way;
    if (r.who) way = users_->connect(*r.who, request.peer, std::move(ticket));
    if (!way) {
        const bool unknown = r.unavailable || r.who;
        answer.verdict = unknown ? wire::login_verdict::unavailable : wire::login_verdict::denied;
        answer.keys = {};
    } else {
        answer.verdict = wire::login_verdict::accepted;
        answer.account = r.who->uid();
    }
    answer.connection = request.connection;
    fronts_->answer(key, answer, std::move(way));
}

void monitor::signalled(int number)
{
    if (number != SIGHUP) return stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
    if (stopping_) return;
    if (!plan_.config_path.empty()) return reload();
    if (plan_.test) stop("SIGHUP"); // the terminal is gone
}

/// Shells and user processes stay. New fronts get the listening sockets; a change of addresses needs a restart.
void monitor::reload()
{
    auto fresh = load_config(plan_.config_path);
    std::string certificate;
    base::secret key;
    const settings& now = plan_.values;
    if (fresh.problems.empty() && (fresh.values.listen != now.listen || fresh.values.fronts != now.fronts))
        log_.write(base::log_level::warning, "reload",
                   {{"note", "listen and fronts change only when winrmd is started again"}});
    if (fresh.problems.empty() && !fresh.values.certificate.empty()) {
        auto c = read_trusted_file(fresh.values.certificate, file_secrecy::open, wire::max_pem);
        auto k = read_trusted_file(fresh.values.key, file_secrecy::secret, wire::max_pem);
        if (!c) fresh.problems.push_back({fresh.values.certificate, c.error().message(), 0});
        else if (!k) fresh.problems.push_back({fresh.values.key, k.error().message(), 0});
        else {
            certificate = std::move(*c);
            key = base::secret{std::move(*k)};
        }
    }
    token_plan tokens;
    if (fresh.problems.empty()) {
        auto made = make_token_plan(fresh.values);
        if (made) tokens = std::move(*made);
        else fresh.problems.push_back({plan_.config_path, made.error().message(), 0});
    }
    if (!fresh.problems.empty()) {
        for (const config_problem& p : fresh.problems)
            log_.write(base::log_level::error, "reload_refused", {{"where", p.where}, {"reason", p.what}});
        return;
    }
    for (const config_problem& w : fresh.warnings)
        log_.write(base::log_level::warning, "config", {{"where", w.where}, {"warning", w.what}});
    fresh.values.listen = now.listen;
    fresh.values.fronts = now.fronts;
    if (auto enough = arrange_open_files(fresh.values, log_); !enough)
        return log_.write(base::log_level::error, "reload_refused", {{"reason", enough.error().message()}});
    const wire::front_setup before = front_setup_of();
    plan_.values = std::move(fresh.values);
    plan_.certificate_pem = std::move(certificate);
    plan_.key_pem = std::move(key);
    plan_.tokens = std::move(tokens);
    users_->set_options(user_options_of());
    fronts_->set_heartbeat(base::milliseconds{plan_.values.limits.heartbeat_s * 1000});
    if (reader_) {
        reader_->set_heartbeat(base::milliseconds{plan_.values.limits.heartbeat_s * 1000});
        reader_->set(token_setup_of());
    } else if (!plan_.tokens.schemes.empty()) {
        start_tokens();
    }
    desk_->set_policy(policy_of(plan_.values, ::geteuid() == 0), plan_.values.limits.max_parallel_logins);
    wire::front_setup now_wanted = front_setup_of();
    const bool same = now_wanted == before;
    if (!same) fronts_->replace(std::move(now_wanted)); // otherwise not even a connection is lost
    // Log the reload under whichever level is more verbose.
    log_.set_level(std::min(log_.level(), plan_.values.log_level));
    log_.write(base::log_level::info, "reload", {{"fronts", same ? "kept" : "replaced"}});
    log_.set_level(plan_.values.log_level);
}

void monitor::stop(const char* why)
{
    if (std::exchange(stopping_, true)) return;
    notify_systemd("STOPPING=1");
    log_.write(base::log_level::info, "stop", {{"reason", why}});
    if (desk_) desk_.reset();
    for (const auto& [key, connection] : std::exchange(pending_, {}))
        fronts_->answer(key, {connection, wire::login_verdict::unavailable});
    legs_clock_.cancel();
    if (reader_) reader_->stop();
    // Fronts are stopped first and end last: they still pass on the last answers of the user processes.
    fronts_->stop([this] { return users_->empty(); });
    users_->stop();
    children_.when_empty([this] { loop_.stop(); });
}

void monitor::watch_standard_input()
{
    if (!input_) {
        input_flags_ = ::fcntl(STDIN_FILENO, F_GETFL);
        const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        if (copy < 0) return loop_.post([this] { input_ended(); });
        input_.emplace(loop_, copy);
    }
    input_->when_readable([this] {
        char piece[512];
        const ssize_t got = ::read(input_->fd(), piece, sizeof piece);
        if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return watch_standard_input();
        input_ended();
    });
}

void monitor::input_ended()
{
    if (!ready_ && !stopping_) {
        status_ = 1;
        ended_early_ = true;
    }
    stop("standard_input_ended");
}

} // namespace winrm::service::monitor
