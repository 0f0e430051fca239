#include "cli/find_credentials.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "gss/tickets.h"

#include <cerrno>
#include <cstdlib>

#include <arpa/inet.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

bool password_on_command_line(const options& o)
{
    return o.password_fd || !o.password_file.empty() || !o.password_command.empty();
}

bool password_named(const options& o, const settings& s)
{
    const char* in_environment = std::getenv("WINRM_PASSWORD");
    return password_on_command_line(o) || (in_environment != nullptr && in_environment[0] != '\0') ||
           !s.password_command.value.empty() || !s.password_file.value.empty();
}

/// A keytab of the configuration gives way to a password on the command line.
bool keytab_wanted(const options& o, const settings& s)
{
    return may_use_kerberos(s) && !s.keytab.value.empty() && !password_on_command_line(o);
}

result<credentials> with_keytab(const settings& s)
{
    const std::string& file = s.keytab.value;
    if (::access(file.c_str(), R_OK) != 0) {
        return error(errc::bad_argument,
                     "the keytab " + base::printable(file, 300) + " cannot be read: " + base::file_reason(errno));
    }
    return credentials::keytab(s.user.value, file);
}

error nobody(const settings& s)
{
    constexpr const char* how = "give -u USER, user@host, or user in the configuration file";
    if (!may_use_kerberos(s)) return {errc::no_credentials, std::string("as which user? ") + how};
    return {errc::no_credentials,
            std::string("there is no Kerberos ticket, and no user is given: get a ticket (kinit), or ") + how};
}

} // namespace

bool may_use_kerberos(const settings& s) noexcept { return s.auth.value == "negotiate" || s.auth.value == "kerberos"; }

result<credentials> find_credentials(const options& o, const settings& s, deadline limit, int& caught)
{
    const std::string& user = s.user.value;
    if (keytab_wanted(o, s)) return with_keytab(s);
    std::string ticket;
    if (may_use_kerberos(s) && (user.empty() || !password_named(o, s))) {
        ticket = gss::ticket_holder("");
        if (!ticket.empty() && ticket_fits(ticket, user))
            return credentials::ticket_cache(ticket); // spelt as the realm does
    }
    if (user.empty()) return nobody(s);
    auto password = find_password(o, s, limit, caught);
    if (!password) {
        auto why = std::move(password).error();
        if (why.code() == errc::no_credentials && !ticket.empty()) {
            why.with_more("; the Kerberos ticket is of " + base::printable(ticket, 200) + ", not of " +
                          base::printable(user, 200));
        }
        return why;
    }
    return credentials(user, std::string(password->reveal()));
}

login_means means_of(const options& o, const settings& s, bool tls)
{
    login_means out;
    out.user = s.user.value;
    out.keytab = !s.keytab.value.empty() && !password_on_command_line(o);
    out.password = password_named(o, s);
    if (!out.keytab && (out.user.empty() || !out.password)) out.ticket = gss::ticket_holder("");
    const bool names_realm = out.user.find('@') != std::string::npos;
    out.realm = out.user.empty() || names_realm || !out.ticket.empty() || !gss::default_realm().empty();
    out.tls = tls;
    in6_addr ignored{};
    out.by_address =
        ::inet_pton(AF_INET, s.host.value.c_str(), &ignored) == 1 || s.host.value.find(':') != std::string::npos;
    out.ntlm_trust = s.ntlm_trust();
    out.allow_unencrypted = s.allow_unencrypted.value;
    return out;
}

} // namespace winrm::cli
