#include "cli/login.h"

#include "cli/find_credentials.h"
#include "cli/report.h"
#include "cli/text.h"

#include "base/system_reason.h"
#include "base/text.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace winrm::cli {
namespace {

error refused(std::string why) { return {errc::bad_argument, std::move(why)}; }

result<void> check_name(const settings& s)
{
    const std::string shown = base::printable(s.auth.value, 60);
    if (!is_auth_name(s.auth.value)) {
        const auto near = nearest(s.auth.value, auth_names());
        return refused("there is no login scheme " + shown + (near.empty() ? "" : "; did you mean " + near + "?"));
    }
    if (s.auth.value == "credssp" || s.auth.value == "certificate") {
        return refused("logging in with " + shown +
                       " is not available yet; there are negotiate, kerberos, ntlm, and basic over HTTPS");
    }
    return {};
}

result<void> check_user(const std::string& user)
{
    if (user.find(':') != std::string::npos) {
        // RFC 7617 2: the first colon ends the user name; no account of Windows has one. What follows may be a
        // password: it is not shown.
        return refused("the user name has a colon in it, which no way of logging in can carry; a password does not "
                       "belong there: it is asked for, or use --password-file");
    }
    const auto slash = user.find('\\');
    if (slash == 0) return refused("the user name has no domain before the backslash");
    if (slash != std::string::npos && slash + 1 == user.size())
        return refused("the user name has nothing behind the backslash; quote it for the shell: 'CORP\\ada'");
    if (user.starts_with('@') || user.ends_with('@')) return refused("the user name begins or ends with an @");
    return {};
}

/// Options that were given for this login and cannot be followed in it. From a configuration for many hosts they are
/// passed over, but for what protects.
result<void> check_fit(const settings& s)
{
    const bool basic = s.auth.value == "basic";
    if (basic && s.encrypt.value == "always") {
        return refused("Basic has no keys to seal messages with, and encrypt is always (" + s.encrypt.from +
                       "); use another --auth");
    }
    if (!may_use_kerberos(s)) {
        for (const auto& [given, option] :
             {std::pair{s.keytab.from, "--keytab"}, std::pair{s.delegate.from, "--delegate"},
              std::pair{s.service_name.from, "--service-name"}}) {
            if (given == from_command_line)
                return refused(std::string(option) + " is for logins by Kerberos, not for --auth " + s.auth.value);
        }
    }
    const auto& service = s.service_name.value;
    if (service.starts_with('/') || service.ends_with('/') || service.find_first_of(" \t") != std::string::npos)
        return refused("the service name must be like HTTP, or HTTP/web1.corp");
    return {};
}

result<void> check_auth(const settings& s)
{
    if (auto ok = check_name(s); !ok) return ok;
    if (auto ok = check_user(s.user.value); !ok) return ok;
    if (auto ok = check_fit(s); !ok) return ok;
    if (s.scheme.value != "http") return {};
    if (s.auth.value == "basic" && !s.allow_unencrypted.value) {
        return error(errc::unencrypted_refused, "Basic over plain HTTP lets everybody on the way read the password")
            .with_remedy(remedy::use_tls);
    }
    if (s.auth.value == "ntlm" && s.ntlm_trust().empty()) {
        return error(errc::unencrypted_refused,
                     "NTLM over plain HTTP does not prove who answers, and this host is not trusted for it")
            .with_remedy(remedy::trust_for_ntlm);
    }
    return {};
}

/// A pattern that matches whatever host is typed.
bool trusts_everybody(const std::string& pattern)
{
    return !pattern.empty() && pattern.find_first_not_of("*?.") == std::string::npos;
}

void warn_of_trust(const settings& s)
{
    const bool ntlm = s.auth.value == "negotiate" || s.auth.value == "ntlm";
    const bool http = s.scheme.value == "http" || s.transport_open();
    if (!ntlm || !http || !trusts_everybody(s.ntlm_trust())) return;
    write_all(2, "winrm: warning: trusted_for_ntlm has " + s.ntlm_trust() + " (" +
                     base::printable(s.trusted_for_ntlm.from, 300) +
                     "): whoever answers in place of a host over HTTP can log in elsewhere as this user\n");
}

login_scheme scheme_of(const std::string& auth)
{
    if (auth == "kerberos") return login_scheme::kerberos;
    if (auth == "ntlm") return login_scheme::ntlm;
    return auth == "basic" ? login_scheme::basic : login_scheme::negotiate;
}

} // namespace

const std::vector<std::string>& auth_names()
{
    static const std::vector<std::string> names{"basic", "negotiate", "kerberos", "ntlm", "credssp", "certificate"};
    return names;
}

bool is_auth_name(base::bytes_view name)
{
    const auto& names = auth_names();
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_encrypt_name(base::bytes_view name) { return name == "auto" || name == "always"; }

base::milliseconds login::time_left() const
{
    if (limit == never) return base::milliseconds(0);
    const auto left = std::chrono::ceil<base::milliseconds>(limit - std::chrono::steady_clock::now());
    return std::max(left, base::milliseconds(1));
}

int not_begun(const options& o, const error& why, int caught)
{
    if (caught == 0) return fail(shown_host(o), why, o.json);
    if (o.json) print_failure(shown_host(o), why);
    return 128 + caught;
}

result<login> prepare(const options& o, bool anonymous, int& caught)
{
    const auto begin = std::chrono::steady_clock::now();
    auto merged = load_settings(o);
    if (!merged) return merged.error();
    login out{std::move(*merged), {}, {}, never};
    const settings& s = out.host;
    if (s.timeout.value.count() > 0) out.limit = begin + s.timeout.value;
    out.session.host = s.where();
    out.session.ca_file = s.ca.value;
    if (!s.ca.value.empty() && ::access(s.ca.value.c_str(), R_OK) != 0) {
        return error(errc::bad_argument, "the file of certificate authorities " + base::printable(s.ca.value, 300) +
                                             " cannot be read: " + base::file_reason(errno));
    }
    out.session.allow_unencrypted = s.allow_unencrypted.value;
    out.session.connect_timeout = s.connect_timeout.value;
    out.session.race_transport = s.transport_open() && (anonymous || s.auth.value != "basic");
    if (!anonymous) {
        if (auto ok = check_auth(s); !ok) return ok.error();
        out.session.scheme = scheme_of(s.auth.value);
        out.session.always_encrypt = s.encrypt.value == "always";
        out.session.trusted_for_ntlm = !s.ntlm_trust().empty();
        out.session.service_name = s.service_name.value;
        out.session.delegate = s.delegate.value && may_use_kerberos(s);
        warn_of_trust(s);
        auto found = find_credentials(o, s, out.limit, caught);
        if (!found) return found.error();
        out.session.login = std::move(*found);
    }
    if (!o.trace.empty()) {
        auto trace = trace_file::open(o.trace);
        if (!trace) return trace.error();
        out.trace = std::move(*trace);
        out.session.trace = out.trace.get();
    }
    return out;
}

} // namespace winrm::cli
