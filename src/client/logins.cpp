#include "client/logins.h"

#include "auth/login/first_known_service.h"
#include "auth/login/mechanism_login.h"
#include "auth/ntlm/mechanism.h"
#include "auth/policy.h"
#include "base/text.h"
#include "gss/kerberos_initiator.h"
#include "gss/password_verdicts.h"
#include "http/sealing.h"
#include "io/wall_clock.h"

#include <arpa/inet.h>

#include <algorithm>

namespace winrm::remote {

namespace {

using auth::mechanism_kind;

constexpr base::bytes_view usual_service = "HTTP";
constexpr base::bytes_view bare_kerberos = "Kerberos", bare_ntlm = "NTLM"; // as schemes

bool is_address(const std::string& host)
{
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool wants(const login_plan& plan, login_scheme one)
{
    return plan.scheme == one || plan.scheme == login_scheme::negotiate;
}

/// A host named by its address has no service name that a realm would know, unless it was made for this; so as
/// Windows does, a password goes by NTLM then. Whoever asks for Kerberos, or has a ticket, gets it tried.
bool kerberos_possible(const login_plan& plan)
{
    if (!wants(plan, login_scheme::kerberos)) return false;
    if (plan.scheme == login_scheme::kerberos || plan.who.from() != credentials::source::password) return true;
    return !is_address(plan.host) && plan.who.user().find('\\') == base::bytes_view::npos;
}

bool has_password(const login_plan& plan) { return plan.who.from() == credentials::source::password; }

bool ntlm_possible(const login_plan& plan)
{
    return wants(plan, login_scheme::ntlm) && has_password(plan) && (plan.tls || plan.trusted_for_ntlm);
}

/// "CORP\\ada" as a principal: the domain's short name says nothing of its realm, so that of this machine is meant.
std::string principal_of(base::bytes_view user)
{
    const auto slash = user.find('\\');
    return std::string(slash == base::bytes_view::npos ? user : user.substr(slash + 1));
}

/// Names that the host may have in its realm, the likeliest first. Windows takes them all for HTTP/ alone; elsewhere a
/// host has the keys that somebody made.
std::vector<std::string> services_of(const login_plan& plan)
{
    if (plan.service.find('/') != std::string::npos) return {plan.service};
    if (!plan.service.empty()) return {plan.service + '/' + plan.host};
    return {std::string(usual_service) + '/' + plan.host, "host/" + plan.host, "WSMAN/" + plan.host};
}

std::unique_ptr<auth::login_mechanism> make_kerberos(const login_plan& plan, const std::string& service,
                                                     const base::random_source& random)
{
    gss::kerberos_login how;
    how.service = service;
    how.user = principal_of(plan.who.user());
    how.channel_binding = plan.binding;
    how.delegate = plan.delegate;
    how.tickets = plan.tickets;
    how.verdicts = plan.verdicts;
    switch (plan.who.from()) {
    case credentials::source::password: how.password = base::secret(std::string(plan.who.password())); break;
    case credentials::source::keytab: how.keytab = plan.who.file(); break;
    case credentials::source::ticket_cache: how.cache = plan.who.file(); break;
    case credentials::source::none: break;
    }
    return std::make_unique<gss::kerberos_initiator>(std::move(how), auth::random_from(random));
}

std::unique_ptr<auth::login_mechanism> make_ntlm(const login_plan& plan, const base::random_source& random)
{
    auth::ntlm::client_login how;
    const base::bytes_view user = plan.who.user();
    const auto slash = user.find('\\');
    how.user = slash == base::bytes_view::npos ? user : user.substr(slash + 1);
    if (slash != base::bytes_view::npos) how.domain = user.substr(0, slash);
    auto hash = auth::ntlm::nt_hash(plan.who.password());
    if (!hash) return nullptr; // the password is not UTF-8
    how.nt_hash = std::move(*hash);
    how.target_name = std::string(usual_service) + '/' + plan.host;
    how.channel_binding = plan.binding;
    return std::make_unique<auth::ntlm::client_mechanism>(std::move(how), auth::random_from(random), io::windows_time);
}

constexpr base::bytes_view sentence_of_refused = "This user and password were refused a moment ago, and they were not "
                                                 "sent again: each try counts against an account "
                                                 "of a domain.";

/// The user in lower case, where it names a domain; "" = an account of that host.
std::string domain_account(const login_plan& plan)
{
    const base::bytes_view user = plan.who.user();
    const auto slash = user.find('\\'), at = user.rfind('@');
    const bool in_front = slash != base::bytes_view::npos;
    const base::bytes_view domain = in_front                       ? user.substr(0, slash)
                                    : at != base::bytes_view::npos ? user.substr(at + 1)
                                                                   : base::bytes_view();
    const bool of_host = domain.empty() || domain == "." || base::iequals(domain, plan.host) ||
                         base::iequals(domain, base::bytes_view(plan.host).substr(0, plan.host.find('.')));
    return of_host || !has_password(plan) ? std::string() : base::lower(user);
}

bool is_refused(const login_plan& plan)
{
    const auto known = domain_password(plan);
    return known && known->known_at(plan.host) == gss::password_verdicts::verdict::wrong;
}

/// @param plan  kept by the mechanisms
std::vector<auth::spnego::offer> make_offers(const std::shared_ptr<const login_plan>& kept,
                                             const base::random_source& random)
{
    const login_plan& plan = *kept;
    std::vector<auth::spnego::offer> offers;
    if (kerberos_possible(plan) && plan.bare != bare_ntlm) {
        auto make = [kept, random](const std::string& service) { return make_kerberos(*kept, service, random); };
        offers.push_back({mechanism_kind::kerberos, std::make_unique<auth::first_known_service>(
                                                        services_of(plan), std::move(make), plan.service_used)});
    }
    const bool spared = !offers.empty() && is_refused(plan); // without Kerberos it was refused_before()
    if (ntlm_possible(plan) && plan.bare != bare_kerberos && !spared) {
        if (auto ntlm = make_ntlm(plan, random)) offers.push_back({mechanism_kind::ntlm, std::move(ntlm)});
    }
    return offers;
}

error basic_in_clear()
{
    return error(errc::unencrypted_refused, "Basic over plain HTTP would show the password to everybody on the way")
        .with_remedy(remedy::use_tls);
}

std::optional<error> forbidden_basic(const login_plan& plan, bool allow_unencrypted)
{
    if (!auth::policy{allow_unencrypted}.basic_allowed(plan.tls)) return basic_in_clear();
    if (!has_password(plan)) return error(errc::no_credentials, "Basic needs a user and a password");
    if (plan.always_encrypt)
        return error(errc::bad_argument, "Basic leaves no keys to seal messages with: another way of logging in does");
    if (plan.who.user().find(':') != base::bytes_view::npos)
        return error(errc::bad_argument,
                     "a user name for Basic may hold no colon: what follows it would be taken for the "
                     "beginning of the password (RFC 7617)");
    return std::nullopt;
}

} // namespace

login_plan plan_of(const session_options& options, bool tls)
{
    login_plan plan;
    plan.who = options.login;
    plan.scheme = options.scheme;
    plan.host = options.host.without_zone().host;
    plan.service = options.service_name;
    plan.tls = tls;
    plan.always_encrypt = options.always_encrypt;
    plan.trusted_for_ntlm = options.trusted_for_ntlm;
    plan.delegate = options.delegate;
    plan.envelope_limit = options.limits.envelope;
    return plan;
}

std::optional<error> forbidden(const login_plan& plan, bool allow_unencrypted)
{
    if (plan.who.empty()) return std::nullopt;
    if (plan.scheme == login_scheme::basic) return forbidden_basic(plan, allow_unencrypted);
    if (kerberos_possible(plan) || ntlm_possible(plan)) return std::nullopt;
    if (!has_password(plan)) return error(errc::no_credentials, "NTLM needs a user and a password");
    error e(errc::unencrypted_refused,
            "NTLM over plain HTTP does not prove who answers, and this host is not trusted for it");
    e.with_remedy(remedy::trust_for_ntlm);
    if (plan.scheme != login_scheme::ntlm) {
        e.with_more(plan.who.user().find('\\') != base::bytes_view::npos
                        ? "; Kerberos, which does prove it, wants the user with the realm (ada@CORP.EXAMPLE)"
                        : "; Kerberos, which does prove it, wants the host's name instead of its address");
    }
    return e;
}

std::shared_ptr<gss::password_verdicts::entry> domain_password(const login_plan& plan)
{
    const auto account = domain_account(plan);
    if (account.empty() || !plan.verdicts || plan.scheme == login_scheme::kerberos) return nullptr;
    return plan.verdicts->of("hosts " + account, plan.who.password()); // a KDC's word of the same name is another's
}

std::optional<error> refused_before(const login_plan& plan)
{
    if (kerberos_possible(plan) || !is_refused(plan)) return std::nullopt;
    const base::bytes_view by = plan.scheme == login_scheme::basic ? "Basic" : bare_ntlm;
    return error(errc::login_denied, base::clause(sentence_of_refused))
        .with_tried({{std::string(by),
                      std::string(auth::name(auth::login_failure::wrong_password)),
                      std::string(sentence_of_refused),
                      {}}});
}

base::bytes_view bare_scheme(const login_plan& plan, const std::vector<std::string>& offered)
{
    const auto offers = [&](base::bytes_view scheme) {
        return std::any_of(offered.begin(), offered.end(), [&](const auto& s) { return base::iequals(s, scheme); });
    };
    if (plan.scheme == login_scheme::basic || !plan.bare.empty() || offers("Negotiate")) return {};
    if (kerberos_possible(plan) && offers(bare_kerberos)) return bare_kerberos;
    return ntlm_possible(plan) && offers(bare_ntlm) ? bare_ntlm : base::bytes_view();
}

std::shared_ptr<auth::client_login> make_login(std::shared_ptr<const login_plan> plan,
                                               const base::random_source& random)
{
    if (plan->who.empty()) return nullptr;
    if (plan->scheme == login_scheme::basic)
        return std::make_shared<auth::basic_login>(plan->who.user(), plan->who.password());
    auth::mechanism_login::options how;
    how.blocks = kerberos_possible(*plan) && plan->bare != bare_ntlm;
    how.bare = plan->bare;
    if (plan->scheme == login_scheme::kerberos) how.only = bare_kerberos;
    if (plan->scheme == login_scheme::ntlm) how.only = bare_ntlm;
    how.clock = io::unix_time;
    if (!plan->tls || plan->always_encrypt) {
        const auto protocol =
            plan->bare == bare_kerberos ? http::sealed_protocol::kerberos : http::sealed_protocol::spnego;
        how.seal = [limit = plan->envelope_limit, protocol](std::unique_ptr<auth::message_sealer> keys) {
            // An answer in UTF-16 is twice as long.
            return std::make_unique<http::sealing>(std::move(keys), protocol, limit * 2 + 64 * 1024);
        };
    }
    how.offers = [plan = std::move(plan), random] { return make_offers(plan, random); };
    return std::make_shared<auth::mechanism_login>(std::move(how));
}

login_facts facts_of(const login_plan& plan, const auth::client_login& login, std::uint16_t port)
{
    login_facts facts;
    facts.scheme = login.scheme();
    facts.tls = plan.tls;
    facts.port = port;
    const auto* by = dynamic_cast<const auth::mechanism_login*>(&login);
    if (by == nullptr) return facts;
    facts.cipher = by->cipher();
    facts.sealed = by->seals();
    facts.bound = !plan.binding.empty();
    const auto& tried = by->tried();
    if (tried.empty()) return facts;
    const mechanism_kind used = tried.back().kind;
    facts.mechanism = auth::name(used);
    if (used == mechanism_kind::kerberos) {
        facts.service = plan.service_used ? *plan.service_used : services_of(plan).front();
        facts.delegated = plan.delegate; // a login without it fails
    }
    if (tried.size() > 1) facts.fell_back_because = auth::sentence(tried.front().failed);
    return facts;
}

std::vector<login_attempt> attempts_of(const login_plan& plan, const auth::client_login& login)
{
    using auth::login_failure;
    std::vector<login_attempt> out;
    const auto* by = dynamic_cast<const auth::mechanism_login*>(&login);
    if (by == nullptr) {
        out.push_back({std::string(login.scheme()),
                       std::string(auth::name(login_failure::refused)),
                       std::string(auth::sentence(login_failure::refused)),
                       {}});
        return out;
    }
    for (const auto& t : by->tried()) {
        const auto why = t.failed == login_failure::none ? login_failure::refused : t.failed;
        std::string sentence = t.more.empty() ? std::string(auth::sentence(why)) : t.more;
        out.push_back({std::string(auth::name(t.kind)), std::string(auth::name(why)), std::move(sentence), t.words});
    }
    // Why the other one was left out, where it could have been the way: not after a host that heard this one and
    // refused it.
    const auto last = out.empty() ? login_failure::none : by->tried().back().failed;
    const bool may_go_on = last != login_failure::none && auth::may_fall_back(last);
    const bool other_way = may_go_on && by->tried().back().kind == mechanism_kind::kerberos &&
                           wants(plan, login_scheme::ntlm) && has_password(plan);
    if (other_way && !ntlm_possible(plan)) {
        out.push_back({std::string(auth::name(mechanism_kind::ntlm)),
                       "not_trusted",
                       "It was not tried: over plain HTTP it does not prove who answers, and the host is not trusted "
                       "for it.",
                       {}});
    } else if (other_way && is_refused(plan)) {
        out.push_back({std::string(auth::name(mechanism_kind::ntlm)),
                       std::string(auth::name(login_failure::wrong_password)),
                       std::string(sentence_of_refused),
                       {}});
    }
    return out;
}

} // namespace winrm::remote
