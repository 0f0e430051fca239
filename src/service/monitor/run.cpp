#include "service/monitor/run.h"

#include "io/line_writer.h"
#include "io/log.h"
#include "service/monitor/authenticator.h"
#include "service/monitor/config.h"
#include "service/monitor/file_check.h"
#include "service/monitor/handover.h"
#include "service/monitor/helper.h"
#include "service/monitor/limit_notes.h"
#include "service/monitor/monitor.h"
#include "service/monitor/own_limits.h"
#include "service/monitor/test_service.h"
#include "service/monitor/user_file.h"

#include "base/text_encoding.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <string_view>
#include <termios.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

/// A descriptor of ours must never get number 0, 1 or 2.
void fill_standard_descriptors()
{
    for (int fd = 0; fd <= 2; ++fd)
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) ::_exit(1);
}

void show(const loaded_config& config)
{
    for (const config_problem& p : config.problems) std::cerr << "winrmd: " << p.where << ": " << p.what << '\n';
    for (const config_problem& p : config.warnings)
        std::cerr << "winrmd: " << p.where << ": warning: " << p.what << '\n';
}

int check(const options& o)
{
    const loaded_config config = load_config(o.config);
    show(config);
    if (!config.problems.empty()) return 1;
    std::cout << o.config << ": good\n";
    for (const listen_address& l : config.values.listen)
        std::cout << "listens on " << l.address << " port " << l.port << (l.tls ? ", TLS" : ", not encrypted") << '\n';
    if (config.values.allow_unencrypted)
        std::cout << "warning: allow_unencrypted lets passwords cross the network in clear\n";
    for (const std::string& note : limit_notes(config.values.limits, offered_controllers()))
        std::cout << "note: " << note << '\n';
    return 0;
}

/// One line from a terminal without echo, or from a pipe.
std::string read_password(const char* prompt)
{
    termios before{};
    const bool terminal = ::tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        std::cerr << prompt << std::flush;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    std::string line;
    char c = '\0';
    while (line.size() < 1024 && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line += c;
    if (terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        std::cerr << '\n';
    }
    // From a file of Windows: neither the mark nor the line end is of the password.
    if (!line.empty() && line.back() == '\r') line.pop_back();
    line.erase(0, line.size() - base::without_mark(line).size());
    return line;
}

int make_password_line(const options& o)
{
    const base::secret password{read_password("Password: ")};
    if (const auto foreign = base::foreign_encoding(password.reveal()); !foreign.empty()) {
        std::cerr << "winrmd: standard input holds no password but " << foreign << '\n';
        return 1;
    }
    if (::isatty(STDIN_FILENO) != 0) {
        const base::secret again{read_password("The same again: ")};
        if (again.reveal() != password.reveal()) {
            std::cerr << "winrmd: the two differ\n";
            return 1;
        }
    }
    const auto line = make_user_line(o.user, password);
    if (!line) {
        std::cerr << "winrmd: " << line.error().message() << '\n';
        return 1;
    }
    std::cout << *line << '\n';
    return 0;
}

int serve(const options& o)
{
    take_own_limits();
    loaded_config config = load_config(o.config);
    if (!config.problems.empty()) {
        show(config);
        std::cerr << "winrmd: not started\n";
        return 1;
    }
    plan p;
    if (!config.values.certificate.empty()) {
        auto certificate = read_trusted_file(config.values.certificate, file_secrecy::open, wire::max_pem);
        auto key = read_trusted_file(config.values.key, file_secrecy::secret, wire::max_pem);
        if (!certificate || !key) {
            std::cerr << "winrmd: certificate or key cannot be read, or is larger than 96 KB\n";
            return 1;
        }
        p.certificate_pem = std::move(*certificate);
        p.key_pem = base::secret{std::move(*key)};
    }
    p.policy = policy_of(config.values, ::geteuid() == 0);
    p.values = std::move(config.values);
    p.config_path = o.config;
    io::own_standard_error();
    ::signal(SIGPIPE, SIG_IGN);
    io::loop loop;
    wire::level_log log{io::stderr_log(loop, "winrmd", base::log_level::debug), p.values.log_level};
    for (const config_problem& w : config.warnings)
        log.write(base::log_level::warning, "config", {{"where", w.where}, {"warning", w.what}});
    log.write(base::log_level::info, "start",
              {{"version", OPENWINRM_VERSION}, {"config", o.config}, {"uid", std::to_string(::geteuid())}});
    monitor m{loop, std::move(p), log};
    if (auto started = m.start(); !started) {
        std::cerr << "winrmd: " << started.error().message() << '\n';
        return 1;
    }
    return m.run();
}

} // namespace

int run_monitor(int argc, char** argv)
{
    const std::string_view name = argc == 1 ? argv[0] : "";
    if (name == session_role) return run_session();
    if (name == login_role) return run_login_check();
    fill_standard_descriptors();
    const options o = parse_options(argc, argv);
    switch (o.what) {
    case action::serve: return serve(o);
    case action::check: return check(o);
    case action::test_server: return run_test_service(o);
    case action::passwd: return make_password_line(o);
    case action::help: std::cout << usage_text; return 0;
    case action::version: std::cout << "winrmd (OpenWinRM) " OPENWINRM_VERSION "\n"; return 0;
    case action::wrong: break;
    }
    std::cerr << "winrmd: " << o.problem << "\n" << usage_text;
    return 2;
}

} // namespace winrm::service::monitor
