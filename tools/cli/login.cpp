#include "cli/login.h"

#include "cli/password.h"
#include "cli/report.h"
#include "cli/text.h"

#include "base/system_reason.h"
#include "base/text.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace winrm::cli {
namespace {

result<void> check_auth(const settings& s)
{
    const std::string shown = base::printable(s.auth.value, 60);
    if (!is_auth_name(s.auth.value)) {
        const auto near = nearest(s.auth.value, auth_names());
        return error(errc::bad_argument,
                     "there is no login scheme " + shown + (near.empty() ? "" : "; did you mean " + near + "?"));
    }
    if (s.auth.value != "basic") {
        return error(errc::bad_argument,
                     "logging in with " + shown + " is not available yet; use --auth basic over HTTPS");
    }
    if (s.user.value.find(':') != std::string::npos) {
        // RFC 7617 2: the first colon ends the user name. What follows may be a password: it is not shown.
        return error(errc::bad_argument,
                     "the user name has a colon in it, which Basic cannot carry; a password does not "
                     "belong there: it is asked for, or use --password-file");
    }
    if (s.scheme.value == "http" && !s.allow_unencrypted.value) {
        return error(errc::unencrypted_refused, "Basic over plain HTTP lets everybody on the way read the password")
            .with_remedy(remedy::use_tls);
    }
    return {};
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
    if (!anonymous) {
        if (auto ok = check_auth(s); !ok) return ok.error();
        if (s.user.value.empty())
            return error(errc::no_credentials,
                         "as which user? give -u USER, user@host, or user in the configuration file");
        auto password = find_password(o, s, out.limit, caught);
        if (!password) return password.error();
        out.session.login = credentials(s.user.value, std::string(password->reveal()));
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
