#include "service/monitor/test_service.h"

#include "auth/ntlm/keys.h"
#include "crypto/md5.h"
#include "io/line_writer.h"
#include "io/log.h"
#include "service/monitor/account.h"
#include "service/monitor/ca_file.h"
#include "service/monitor/config.h"
#include "service/monitor/monitor.h"
#include "service/monitor/own_limits.h"
#include "service/monitor/test_certificate.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

std::string json(const std::string& text)
{
    std::string out = "\"";
    for (const char c : text) {
        char code[8];
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
            out += code;
        } else {
            out += c;
        }
    }
    return out + '"';
}

base::secret nt_hash_of(const base::secret& password)
{
    const auto hash = auth::ntlm::nt_hash(password.reveal());
    return hash ? base::secret{std::string{hash->reveal()}} : base::secret{};
}

int refuse(const std::string& why) // one line each
{
    std::cerr << "winrmd: " << why << '\n';
    return 1;
}

} // namespace

int run_test_service(const options& o)
{
    const loaded_config config = o.config_given ? load_config(o.config, config_scope::limits_only) : loaded_config{};
    for (const config_problem& problem : config.problems) refuse(problem.where + ": " + problem.what);
    if (!config.problems.empty()) return 1;
    if (!o.as.empty() && ::geteuid() != 0)
        return refuse("--as needs root: only root can start another account's processes");
    const auto who = o.as.empty() ? find_account(::geteuid()) : find_account(o.as);
    if (!who) return refuse(o.as.empty() ? "this uid has no account" : "no account is called " + o.as);
    if (who->uid == 0)
        std::cerr << "winrmd: the test service was started by root: commands run as root unless --as USER is given\n";

    take_own_limits();
    plan p;
    p.test = true;
    settings& s = p.values;
    s.log_level = config.values.log_level;
    s.limits = config.values.limits;
    s.powershell = config.values.powershell;
    listen_address where = o.listen.value_or(listen_address{"127.0.0.1", 0, true});
    where.tls = !o.http;
    s.listen.push_back(where);
    s.allow_unencrypted = o.http;
    s.permit_root = true;
    if (!o.pwsh.empty()) { // of our own working directory, which is not that of a shell
        std::error_code none;
        s.powershell.program =
            o.pwsh.find('/') == std::string::npos ? o.pwsh : std::filesystem::absolute(o.pwsh, none).string();
    }
    auto password = random_password(16);
    if (!password) return refuse(password.error().message());
    ca_file ca;
    if (!o.http) {
        auto made = make_test_certificate();
        if (!made) return refuse(made.error().message());
        const char* folder = std::getenv("TMPDIR");
        if (!ca.write(folder && *folder == '/' ? folder : "/tmp", made->ca_pem))
            return refuse("the CA certificate cannot be written to a temporary folder");
        p.certificate_pem = std::move(made->certificate_pem);
        p.key_pem = std::move(made->key_pem);
    }
    p.policy = policy_of(s, false);
    p.policy.how = backend::throw_away;
    p.policy.by_exec = false; // no module of PAM runs: starting the program anew would be a third of a short command
    p.policy.only_uid = who->uid;
    p.policy.throw_away_user = who->name;
    p.policy.throw_away_password = password->clone();
    s.auth.keytab = o.keytab;
    s.auth.channel_binding = auth::binding_policy::relaxed; // so that any client can be tried
    auto tokens = make_token_plan(s);
    if (!tokens) return refuse(tokens.error().message());
    p.tokens = std::move(*tokens);
    p.tokens.setup.ntlm = crypto::md5_available();
    if (p.tokens.setup.ntlm && p.tokens.schemes.empty()) p.tokens.schemes = {"Negotiate"};
    if (p.tokens.setup.ntlm) p.tokens.schemes.emplace_back("NTLM");
    p.tokens.setup.ntlm_accounts.push_back({who->name, {}, nt_hash_of(*password)});

    std::string schemes;
    for (const std::string& scheme : p.tokens.schemes) schemes += json(scheme) + ',';
    schemes += json("Basic");

    io::own_standard_error();
    ::signal(SIGPIPE, SIG_IGN);
    io::loop loop;
    wire::level_log log{io::stderr_log(loop, "winrmd", base::log_level::debug), s.log_level};
    monitor m{loop, std::move(p), log};
    if (auto started = m.start(); !started) return refuse(started.error().message());
    m.when_ready([&] {
        const std::string url = std::string{o.http ? "http://" : "https://"} + m.listening().front().shown + "/wsman";
        std::cout << "{\"url\":" << json(url) << ",\"user\":" << json(who->name)
                  << ",\"password\":" << json(std::string{password->reveal()}) << ",\"ca\":" << json(ca.path())
                  << ",\"schemes\":[" << schemes << "],\"pid\":" << ::getpid() << "}" << std::endl;
    });
    const int status = m.run();
    if (m.ended_early())
        return refuse("standard input was at its end before connections were served, and a test service ends with it: "
                      "keep it open, as `sleep infinity | winrmd --test-server` or a pipe of your program does");
    return status;
}

} // namespace winrm::service::monitor
