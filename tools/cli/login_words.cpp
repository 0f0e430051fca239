#include "cli/login_words.h"

#include "auth/login_mechanism.h"
#include "base/text.h"

#include <algorithm>
#include <array>

namespace winrm::cli {
namespace {

/// The host said no without telling why.
constexpr base::bytes_view refused = "refused";

/// The same of a ticket: the KDC has found the password right.
constexpr base::bytes_view ticket_not_taken =
    "check that the account may log in there, and on the host that its keytab holds the key which the realm has for "
    "the service name (klist -k; kvno), and the clock; the log of the host may tell more";

constexpr std::array<login_cause, 20> causes{{
    {"not_available", "install the Kerberos library (libgssapi-krb5-2 on Debian), or use --auth ntlm"},
    {"no_ticket", "get a ticket (kinit), or give -u USER to be asked for the password"},
    {"no_kdc", "see that the realm's KDC is named in krb5.conf or in DNS, and that port 88 there can be reached"},
    {"unknown_realm", "give the user with the realm (ada@CORP.EXAMPLE), and name the realm in krb5.conf or in DNS"},
    {"no_realm", "give the user with the realm (ada@CORP.EXAMPLE), or set default_realm in krb5.conf"},
    {"unknown_service", "use the host's full name as the realm has it (HTTP/NAME or host/NAME), or --service-name"},
    {"unknown_user", "check the user and the domain or realm"},
    {"wrong_password", "check the password; each try counts against the account"},
    {"expired", "change the password (kpasswd, or at the console of a machine of the domain)"},
    {"locked", "have the account unlocked, enabled or prolonged, and stop what tries wrong passwords"},
    {"clock_skew", "set both clocks (timedatectl): they may differ by five minutes at most"},
    {"ticket_refused",
     "get a new ticket (kdestroy, kinit); if it stays so, the service name belongs to another account "
     "(setspn -X), or the host's keytab is old"},
    {"no_delegation", "get a forwardable ticket (kinit -f), or leave --delegate out"},
    {"not_proven", "see that this is the host: something else may answer in its place"},
    {"bad_binding", "go around what opens TLS on the way (inspection, load balancer)"},
    {"bad_token", "go around the proxy if there is one; --trace shows the conversation"},
    {"too_weak", "update the host: it offers no protection that is safe"},
    {"wrong_service", "use the host's name as its keytab has it (klist -k there), or --service-name"},
    {refused,
     "check user, domain and password, and that the account may log in there; the log of the host may tell more"},
    {"other", "--trace shows the conversation; the log of the host may tell more"},
}};

bool offers(const error& e, base::bytes_view scheme)
{
    return std::any_of(e.offered().begin(), e.offered().end(), [&](const auto& s) { return base::iequals(s, scheme); });
}

/// As part of a longer sentence: "There is no ticket." → "there is no ticket".
std::string within(base::bytes_view sentence) { return base::clause(base::printable(sentence, 400)); }

/// " (the library's own text)"; "" where it has none, or none that says more than the sentence.
std::string detail_of(const login_attempt& a)
{
    std::string detail = a.detail;
    std::replace(detail.begin(), detail.end(), '\n', ' ');
    if (detail.empty() || base::lower(a.sentence).find(base::lower(detail)) != std::string::npos) return {};
    return " (" + base::printable(detail, 400) + ")";
}

} // namespace

std::span<const login_cause> login_causes() noexcept { return causes; }

base::bytes_view advice_for(base::bytes_view cause) noexcept
{
    const auto found = std::find_if(causes.begin(), causes.end(), [&](const auto& c) { return c.cause == cause; });
    return found == causes.end() ? base::bytes_view() : found->advice;
}

base::bytes_view meaning_of(base::bytes_view cause) noexcept
{
    for (int n = 0; n <= static_cast<int>(auth::login_failure::other); ++n) {
        const auto failure = static_cast<auth::login_failure>(n);
        if (auth::name(failure) == cause && !advice_for(cause).empty()) return auth::sentence(failure);
    }
    return {};
}

std::string describe(const login_facts& facts)
{
    const std::string mechanism = base::printable(facts.mechanism, 40);
    std::string out = facts.scheme == facts.mechanism || mechanism.empty()
                          ? "logged in by " + base::printable(facts.scheme, 40)
                          : base::printable(facts.scheme, 40) + " chose " + mechanism;
    if (!facts.service.empty()) out += " (" + base::printable(facts.service, 300) + ")";
    if (!facts.fell_back_because.empty()) out += ", because for Kerberos " + within(facts.fell_back_because);
    if (facts.sealed) out += ", sealed" + (facts.cipher.empty() ? "" : " " + base::printable(facts.cipher, 40));
    if (facts.tls) out += facts.bound ? ", over TLS and bound to it" : ", over TLS";
    if (facts.delegated) out += ", ticket handed on";
    return out + ", port " + std::to_string(facts.port);
}

std::string login_line(base::bytes_view host, const login_facts& facts)
{
    if (facts.scheme.empty()) return {};
    return "winrm: " + base::printable(host, 255) + ": " + describe(facts) + "\n";
}

std::string attempts(const error& e)
{
    std::string out;
    for (const auto& a : e.tried()) {
        out += (out.empty() ? "" : "; ") + base::printable(a.mechanism, 40) + ": " + within(a.sentence) + detail_of(a);
    }
    return out;
}

std::string explain_login(const error& e)
{
    if (e.code() != errc::login_denied && e.code() != errc::login_not_offered && e.tried().empty()) return {};
    const auto said = [&e](const std::string& words) { return e.message().find(words) != std::string::npos; };
    std::string out;
    const bool all_said = std::all_of(e.tried().begin(), e.tried().end(), [&](const login_attempt& a) {
        return a.cause == refused || said(within(a.sentence)) || said(a.sentence); // that it refused is the message
    });
    if (!all_said) out += "; tried " + attempts(e);
    else if (!e.tried().empty()) out += detail_of(e.tried().back());
    std::string offers;
    for (const auto& scheme : e.offered()) offers += (offers.empty() ? "" : ", ") + base::printable(scheme, 40);
    if (!offers.empty() && !said(offers)) out += "; the host offers " + offers;
    const auto advice = login_advice(e);
    const bool advised =
        !e.remedies().empty() || said("check user and password") || said("check that the account") || said(advice);
    if (!advice.empty() && !advised) out += "; what to do: " + advice;
    return out;
}

std::string login_advice(const error& e)
{
    if (!e.offered().empty() && !offers(e, "Negotiate") && !offers(e, "Kerberos") && !offers(e, "NTLM") &&
        offers(e, "Basic"))
        return "the host takes Basic only: --auth basic sends it the password itself, over HTTPS";
    for (auto a = e.tried().rbegin(); a != e.tried().rend(); ++a) {
        if (a->cause == refused && a->mechanism == "Kerberos") return std::string(ticket_not_taken);
        if (const auto words = advice_for(a->cause); !words.empty()) return std::string(words);
    }
    return {};
}

} // namespace winrm::cli
