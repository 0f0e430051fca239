#include "cli/prospects.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace winrm::cli {
namespace {

struct verdict
{
    prospect works;
    std::string why;
};

constexpr const char* no_realm = "the user has no realm, and the Kerberos configuration here names no default one";
constexpr const char* no_user = "no user is given: -u USER";

verdict with_password(const login_means& m)
{
    const std::string whose = "the password of " + base::printable(m.user, 200);
    if (m.password) return {prospect::yes, "with " + whose};
    return {prospect::asks_password, "asks for " + whose};
}

verdict by_kerberos(const login_means& m)
{
    if (m.keytab) return {prospect::yes, "with the keytab"};
    const bool with_ticket = !m.ticket.empty() && ticket_fits(m.ticket, m.user);
    if (!m.user.empty() && !m.realm && !with_ticket) return {prospect::no, no_realm};
    if (m.password && !m.user.empty()) return with_password(m);
    if (with_ticket) return {prospect::yes, "with the ticket of " + base::printable(m.ticket, 200)};
    if (!m.user.empty()) return with_password(m);
    return {prospect::no, "there is no ticket and no user: kinit, or -u USER"};
}

verdict by_ntlm(const login_means& m)
{
    if (m.user.empty()) return {prospect::no, no_user};
    if (!m.tls && m.ntlm_trust.empty()) {
        return {prospect::no, "NTLM does not prove the host, and over HTTP trusted_for_ntlm does not name it: HTTPS, "
                              "or the name of the host there"};
    }
    return with_password(m);
}

/// Negotiate leaves Kerberos out where a password is there and no service of the realm can be meant.
bool kerberos_left_out(const login_means& m)
{
    const bool with_others = m.keytab || (!m.ticket.empty() && ticket_fits(m.ticket, m.user));
    return !with_others && (m.by_address || !m.realm || m.user.find('\\') != std::string::npos);
}

verdict by_negotiate(const login_means& m)
{
    const auto ntlm = by_ntlm(m);
    if (!m.user.empty() && kerberos_left_out(m)) return {ntlm.works, "by NTLM alone, " + ntlm.why};
    const auto kerberos = by_kerberos(m);
    if (kerberos.works == prospect::no) return kerberos;
    const bool one_password = kerberos.why == ntlm.why;
    if (one_password && ntlm.works != prospect::no) return {ntlm.works, "by Kerberos, else by NTLM, " + ntlm.why};
    return {kerberos.works,
            "by Kerberos" + std::string(ntlm.works == prospect::no ? " alone" : "") + ", " + kerberos.why};
}

verdict by_basic(const login_means& m)
{
    if (m.user.empty()) return {prospect::no, no_user};
    if (m.user.find(':') != std::string::npos) return {prospect::no, "the user name has a colon in it"};
    if (!m.tls && !m.allow_unencrypted) {
        return {prospect::no,
                "over HTTP everybody on the way can read the password: HTTPS, or --allow-unencrypted if that is "
                "acceptable"};
    }
    auto out = with_password(m);
    out.why += "; only where --auth basic is given";
    return out;
}

verdict not_ours(const login_means& /*m*/) { return {prospect::no, "winrm does not have this scheme yet"}; }

struct row
{
    base::bytes_view scheme;
    verdict (*judge)(const login_means& m);
};
constexpr std::array<row, 4> rows{{
    {"Negotiate", by_negotiate},
    {"Kerberos", by_kerberos},
    {"NTLM", by_ntlm},
    {"Basic", by_basic},
}};

} // namespace

base::bytes_view name(prospect p) noexcept
{
    switch (p) {
    case prospect::yes: return "yes";
    case prospect::asks_password: return "asks_password";
    case prospect::no: break;
    }
    return "no";
}

bool ticket_fits(base::bytes_view principal, base::bytes_view user) noexcept
{
    if (user.empty()) return true;
    const auto at = principal.rfind('@');
    const auto holder = principal.substr(0, at);
    const auto realm = at == base::bytes_view::npos ? base::bytes_view() : principal.substr(at + 1);
    if (const auto slash = user.find('\\'); slash != base::bytes_view::npos) {
        const auto domain = user.substr(0, slash);
        return holder == user.substr(slash + 1) &&
               (base::iequals(domain, realm) || base::iequals(domain, realm.substr(0, realm.find('.'))));
    }
    const auto user_at = user.rfind('@');
    if (user_at == base::bytes_view::npos) return holder == user;
    return holder == user.substr(0, user_at) && base::iequals(realm, user.substr(user_at + 1));
}

std::vector<scheme_prospect> judge(const std::vector<std::string>& offered, const login_means& with)
{
    std::vector<scheme_prospect> out;
    for (const auto& scheme : offered) {
        const auto known =
            std::find_if(rows.begin(), rows.end(), [&](const row& r) { return base::iequals(r.scheme, scheme); });
        auto found = known == rows.end() ? not_ours(with) : known->judge(with);
        out.push_back({scheme, found.works, std::move(found.why)});
    }
    return out;
}

} // namespace winrm::cli
