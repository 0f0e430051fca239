#include "service/monitor/run.h"

#include "io/line_writer.h"
#include "io/log.h"
#include "service/monitor/advice.h"
#include "service/monitor/auth_files.h"
#include "service/monitor/authenticator.h"
#include "service/monitor/config.h"
#include "service/monitor/file_check.h"
#include "service/monitor/handover.h"
#include "service/monitor/helper.h"
#include "service/monitor/limit_notes.h"
#include "service/monitor/monitor.h"
#include "service/monitor/own_limits.h"
#include "service/monitor/passwd.h"
#include "service/monitor/test_service.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <string_view>
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

void show_schemes(const settings& s)
{
    std::string all;
    for (const std::string& scheme : s.auth.schemes()) all += (all.empty() ? "" : ", ") + scheme;
    if (s.auth_basic)
        all += (all.empty() ? "Basic" : ", Basic") + std::string{s.allow_unencrypted ? "" : " (TLS only)"};
    std::cout << "logs in by " << all << '\n';
    if (s.auth.ntlm_on() && s.auth.winbind) std::cout << "asks winbind for accounts of the domain\n";
    if (!s.auth.kerberos_on()) return;
    if (const auto keytab = read_keytab(s.auth))
        for (const std::string& name : keytab->names) std::cout << "has the key of " << name << '\n';
}

int check(const options& o)
{
    const loaded_config config = load_config(o.config);
    show(config);
    if (!config.problems.empty()) return 1;
    std::cout << o.config << ": good\n";
    for (const listen_address& l : config.values.listen)
        std::cout << "listens on " << l.address << " port " << l.port
                  << (l.tls                             ? ", TLS"
                      : config.values.allow_unencrypted ? ", not encrypted"
                                                        : ", sealed messages alone")
                  << '\n';
    show_schemes(config.values);
    for (const std::string& advice : missing_libraries(config.values.auth)) std::cout << "warning: " << advice << '\n';
    if (config.values.allow_unencrypted)
        std::cout << "warning: allow_unencrypted lets passwords cross the network in clear\n";
    for (const std::string& note : limit_notes(config.values.limits, offered_controllers()))
        std::cout << "note: " << note << '\n';
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
    auto tokens = make_token_plan(config.values);
    if (!tokens) {
        std::cerr << "winrmd: " << tokens.error().message() << '\n';
        return 1;
    }
    p.tokens = std::move(*tokens);
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
    case action::passwd: return run_passwd(o);
    case action::help: std::cout << usage_text; return 0;
    case action::version: std::cout << "winrmd (OpenWinRM) " OPENWINRM_VERSION "\n"; return 0;
    case action::wrong: break;
    }
    std::cerr << "winrmd: " << o.problem << "\n" << usage_text;
    return 2;
}

} // namespace winrm::service::monitor
