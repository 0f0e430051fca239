// What the configuration names, looked at on this system.
#include "service/monitor/config.h"

#include "service/monitor/account.h"
#include "service/monitor/auth_files.h"
#include "service/monitor/certificate_check.h"
#include "service/monitor/config_problems.h"
#include "service/monitor/file_check.h"
#include "service/monitor/pam.h"
#include "service/monitor/user_file.h"
#include "service/wire/frames.h"

#include <ctime>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

/// Certificate and key, if both are given.
void check_certificate(loaded_config& c, const std::string& name)
{
    const settings& s = c.values;
    bool readable = true;
    const auto look = [&](const char* which, const std::string& path, file_secrecy secrecy) {
        if (path.empty()) return std::string{};
        auto read = read_trusted_file(path, secrecy, wire::max_pem);
        if (!read) c.problems.push_back(problem_at(name, c.lines.of(which), path + ": " + read.error().message()));
        readable = readable && read;
        return read ? std::move(*read) : std::string{};
    };
    const std::string certificate = look("certificate", s.certificate, file_secrecy::open);
    const base::secret key{look("key", s.key, file_secrecy::secret)};
    if (!readable || s.certificate.empty() || s.key.empty()) return;
    const std::string wrong = certificate_problem(certificate, key, std::time(nullptr));
    if (wrong.empty()) return;
    const bool of_key = wrong.compare(0, 3, "key") == 0;
    c.problems.push_back(
        problem_at(name, c.lines.of(of_key ? "key" : "certificate"), (of_key ? s.key : s.certificate) + ": " + wrong));
}

void check_user_file(loaded_config& c, const std::string& name)
{
    const std::string& path = c.values.user_file;
    const unsigned line = c.lines.of("user_file");
    auto read = read_trusted_file(path, file_secrecy::secret, max_user_file);
    if (!read) return c.problems.push_back(problem_at(name, line, path + ": " + read.error().message()));
    const base::secret lines{std::move(*read)}; // hashes are wiped too
    auto problems = user_file_problems(lines.reveal());
    if (problems.empty() && !names_anybody(lines.reveal()))
        c.warnings.push_back(problem_at(name, line, path + " names no user, so nobody can log in: see winrmd passwd"));
    for (user_line_problem& p : problems)
        c.problems.push_back({path + ':' + std::to_string(p.line), std::move(p.what), line});
}

void check_keytab(loaded_config& c, const std::string& name)
{
    const auth_settings& a = c.values.auth;
    if (!a.kerberos_on() || a.keytab.empty()) return;
    const auto keys = read_keytab(a);
    if (!keys) c.problems.push_back(problem_at(name, c.lines.of("auth.keytab"), keys.error().message()));
}

void check_ntlm_accounts(loaded_config& c, const std::string& name)
{
    const auth_settings& a = c.values.auth;
    const unsigned line = c.lines.of("auth.ntlm_accounts");
    if (!a.ntlm_on() || a.ntlm_accounts.empty()) return;
    auto read = read_ntlm_accounts(a);
    if (!read) return c.problems.push_back(problem_at(name, line, read.error().message()));
    for (ntlm_problem& p : read->problems)
        c.problems.push_back(
            {a.ntlm_accounts + ':' + std::to_string(p.line) + ':' + std::to_string(p.column), std::move(p.what), line});
    if (read->accounts.empty() && read->problems.empty())
        c.warnings.push_back(problem_at(
            name, line, a.ntlm_accounts + " names no account, so nobody can log in by NTLM: winrmd passwd USER"));
}

void check_pam(loaded_config& c, const std::string& name)
{
    const std::string& service = c.values.pam_service;
    if (service.empty() || service.find('/') != std::string::npos) return; // reported already
    if (const std::string missing = missing_pam_file(service); !missing.empty())
        c.problems.push_back(problem_at(
            name, c.lines.of("pam_service"),
            "pam_service = \"" + c.values.pam_service + "\", but there is no " + missing +
                ": make it (share/doc/openwinrm/examples/winrmd.pam is an example), or name another one" +
                (c.values.user_file.empty() ? "" : "; account rules and sessions are PAM's, also with a user file")));
}

void check_groups(loaded_config& c, const std::string& name)
{
    if (!c.values.allow_groups) {
        if (::geteuid() == 0 && !group_exists("winrm"))
            c.warnings.push_back(problem_at(
                name, 0, "there is no group \"winrm\", so nobody can log in: groupadd winrm, or set allow_groups"));
        return;
    }
    const std::vector<std::string>& all = *c.values.allow_groups;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (!group_exists(all[i]))
            c.warnings.push_back(problem_at(name, i < c.lines.groups.size() ? c.lines.groups[i] : 0,
                                            "there is no group \"" + all[i] + "\": it lets nobody in"));
}

/// service/sandbox/sandbox.cpp looks for the same names.
void check_own_accounts(loaded_config& c, const std::string& name)
{
    if (::geteuid() != 0) return;
    const auto advise = [&](const std::string& account, const char* process) {
        if (find_account(account)) return;
        c.warnings.push_back(
            problem_at(name, 0,
                       "there is no account \"" + account + "\", so the " + process +
                           " runs as uid 65534 (nobody), which other programs may share: useradd --system "
                           "--no-create-home --shell /usr/sbin/nologin " +
                           account));
    };
    advise("winrmd", "network process");
    if (!c.values.auth.schemes().empty()) advise("winrmd-token", "process that reads the tokens of logins");
}

} // namespace

void check_system(loaded_config& config, const std::string& name)
{
    const settings& s = config.values;
    check_certificate(config, name);
    if (!s.user_file.empty()) check_user_file(config, name);
    // As root, account rules and sessions are PAM's even if the user file has the passwords.
    if (::geteuid() == 0) check_pam(config, name);
    else if (s.user_file.empty() && !config.lines.is_bad("user_file"))
        config.problems.push_back(problem_at(
            name, 0, "winrmd does not run as root, so PAM cannot check passwords: set user_file (see winrmd passwd)"));
    check_keytab(config, name);
    check_ntlm_accounts(config, name);
    check_groups(config, name);
    check_own_accounts(config, name);
    sort_by_line(config.problems);
    sort_by_line(config.warnings);
}

} // namespace winrm::service::monitor
