#include "service/token/token_login.h"

#include "auth/login/sealing.h"
#include "base/text.h"

#include <utility>

namespace winrm::service::token {
namespace {

using auth::mechanism_kind;

bool offers(const login_rules& rules, std::string_view scheme, mechanism_kind kind)
{
    const bool there = kind == mechanism_kind::ntlm ? rules.setup.ntlm : rules.keys != nullptr;
    const std::string_view own = kind == mechanism_kind::ntlm ? "NTLM" : "Kerberos";
    return there && (scheme == "Negotiate" || scheme == own);
}

auth::binding_policy policy_of(wire::channel_binding binding)
{
    switch (binding) {
    case wire::channel_binding::none: return auth::binding_policy::none;
    case wire::channel_binding::relaxed: return auth::binding_policy::relaxed;
    case wire::channel_binding::strict: break;
    }
    return auth::binding_policy::strict;
}

wire::binding_rules rules_of(const wire::token_setup& setup, const wire::token_step& first)
{
    if (first.listener < setup.bindings.size()) return setup.bindings[first.listener];
    return {wire::channel_binding::strict, wire::channel_binding::strict};
}

auth::ntlm::server_options ntlm_options(const wire::token_setup& setup, const wire::token_step& first)
{
    auth::ntlm::server_options out;
    out.nb_computer = setup.nb_computer;
    out.nb_domain = setup.nb_domain;
    out.dns_computer = setup.dns_computer;
    out.dns_domain = setup.dns_domain;
    out.sealing_required = !first.tls && !setup.allow_unencrypted;
    // Without TLS there is no channel: what protects the login there is that everything after it is sealed.
    out.binding = auth::binding_policy::none;
    if (!first.tls) return out;
    out.channel_binding = first.end_point;
    out.binding = policy_of(rules_of(setup, first).ntlm);
    return out;
}

gss::kerberos_acceptance acceptance(const login_rules& rules, const wire::token_step& first)
{
    gss::kerberos_acceptance out;
    out.keys = rules.keys;
    out.mutual_required = !first.tls;
    out.binding = auth::binding_policy::none; // as for NTLM
    if (!first.tls) return out;
    out.channel_binding = first.end_point;
    out.binding = policy_of(rules_of(rules.setup, first).kerberos);
    return out;
}

} // namespace

bool token_login::known(const login_rules& rules, std::string_view scheme)
{
    return offers(rules, scheme, mechanism_kind::kerberos) || offers(rules, scheme, mechanism_kind::ntlm);
}

token_login::token_login(std::shared_ptr<const login_rules> rules, const wire::token_step& first,
                         const auth::random_source& random, wall_clock wall)
    : rules_(std::move(rules))
{
    std::vector<auth::spnego::offer> all;
    if (offers(*rules_, first.scheme, mechanism_kind::kerberos)) {
        auto made = std::make_unique<gss::kerberos_acceptor>(acceptance(*rules_, first), random);
        kerberos_ = made.get();
        all.push_back({mechanism_kind::kerberos, std::move(made)});
    }
    if (offers(*rules_, first.scheme, mechanism_kind::ntlm)) {
        auto made =
            std::make_unique<auth::ntlm::server_mechanism>(ntlm_options(rules_->setup, first), random, std::move(wall));
        ntlm_ = made.get();
        all.push_back({mechanism_kind::ntlm, std::move(made)});
    }
    acceptor_ = std::make_unique<auth::spnego::acceptor>(std::move(all));
}

/// Windows' clients know no upper and lower case in names. The account that is spelt as the client spells it goes
/// first.
const wire::ntlm_account* token_login::find_row(const auth::ntlm::account_name& wanted) const
{
    const wire::ntlm_account* like = nullptr;
    for (const wire::ntlm_account& one : rules_->setup.ntlm_accounts) {
        if (!base::iequals(one.user, wanted.user)) continue;
        if (!one.domain.empty() && !base::iequals(one.domain, wanted.domain)) continue;
        if (one.user == wanted.user) return &one;
        if (like == nullptr) like = &one;
    }
    return like;
}

auth::ntlm::account_answer token_login::find_account(const auth::ntlm::account_name& wanted) const
{
    using kind = auth::ntlm::account_answer::kind;
    const wire::ntlm_account* row = find_row(wanted);
    if (row == nullptr || row->nt_hash.reveal().size() != crypto::secret_128::size) return {};
    return {kind::nt_hash, crypto::secret_128(row->nt_hash.reveal())};
}

/// In the words of whoever knows best.
std::string_view token_login::why(const auth::spnego::negotiate_leg& leg) const
{
    if (ntlm_ != nullptr && ntlm_->reason() != auth::ntlm::failure::none) return name(ntlm_->reason());
    if (leg.mechanism != auth::login_failure::none) return name(leg.mechanism);
    return name(leg.failed);
}

wire::token_answer token_login::step(base::bytes_view token)
{
    auto leg = acceptor_->step(token);
    while (leg.state == auth::leg_state::waiting && ntlm_ != nullptr) { // for the account
        if (rules_->setup.winbind && find_row(ntlm_->account()) == nullptr) return ask_domain();
        ntlm_->answer(find_account(ntlm_->account()));
        leg = acceptor_->resume();
    }
    return answer_to(std::move(leg));
}

wire::token_answer token_login::resume(const std::string& account, base::bytes_view session_key)
{
    waits_ = false;
    if (session_key.size() == crypto::secret_128::size && !account.empty()) {
        domain_account_ = account;
        ntlm_->answer({auth::ntlm::account_answer::kind::session_base_key, crypto::secret_128(session_key)});
    }
    return answer_to(acceptor_->resume());
}

/// Nobody here knows the account's hash. What is asked has no lengths left to be misread.
wire::token_answer token_login::ask_domain()
{
    wire::token_answer out;
    tell_account(out.facts);
    auth::ntlm::response_to_check response = ntlm_->response();
    if (response.nt_response.size() > wire::max_nt_response) {
        out.reason = "response_too_long";
        return out;
    }
    const auth::ntlm::account_name& who = ntlm_->account();
    out.asked = {who.user, who.domain, who.workstation,
                 std::string(response.server_challenge.begin(), response.server_challenge.end()),
                 std::move(response.nt_response)};
    out.verdict = wire::login_verdict::ask_account;
    waits_ = true;
    return out;
}

void token_login::tell_account(wire::token_facts& facts) const
{
    if (const auto chosen = acceptor_->chosen()) facts.mechanism = auth::name(*chosen);
    if (ntlm_ == nullptr || acceptor_->chosen() != mechanism_kind::ntlm) return;
    const auth::ntlm::account_name& who = ntlm_->account();
    facts.claimed = who.domain.empty() ? who.user : who.domain + '\\' + who.user;
    // Guesses count against one account, whatever domain and letter case they come with.
    const wire::ntlm_account* row = find_row(who);
    facts.account = row != nullptr ? row->user : who.user;
    if (row == nullptr && rules_->setup.winbind) facts.account = who.user.substr(0, who.user.find('@'));
    if (!domain_account_.empty()) facts.account = domain_account_;
}

wire::token_answer token_login::answer_to(auth::spnego::negotiate_leg&& leg)
{
    wire::token_answer out;
    out.token = std::move(leg.token);
    tell_account(out.facts);
    const bool by_kerberos = acceptor_->chosen() == mechanism_kind::kerberos;
    switch (leg.state) {
    case auth::leg_state::go_on: out.verdict = wire::login_verdict::go_on; return out;
    case auth::leg_state::done:
        if (by_kerberos) accept_kerberos(out);
        else accept_ntlm(out);
        return out;
    case auth::leg_state::waiting:
    case auth::leg_state::failed: break;
    }
    out.verdict = wire::login_verdict::denied;
    // NTLM and Negotiate have nothing to say that a peer should hear; Kerberos says that clocks differ, or keys.
    if (!by_kerberos) out.token.clear();
    out.reason = why(leg);
    return out;
}

void token_login::accept_kerberos(wire::token_answer& answer)
{
    auto keys = kerberos_->hand_over();
    gss::kerberos_facts& facts = kerberos_->facts();
    answer.verdict = wire::login_verdict::denied;
    answer.facts.claimed = facts.principal;
    if (!keys) {
        answer.token.clear(); // it says that all went well
        answer.reason = kerberos_->replayed() ? "replayed" : "no_keys";
        return;
    }
    answer.verdict = wire::login_verdict::accepted;
    answer.facts.principal = facts.principal;
    answer.facts.bound = facts.bound;
    answer.facts.sealed = true;
    answer.facts.delegated = !facts.delegated.empty();
    answer.keys = auth::pack(*keys);
    answer.ticket = std::move(facts.delegated);
}

void token_login::accept_ntlm(wire::token_answer& answer)
{
    auto keys = ntlm_->hand_over();
    if (!keys) { // a mechListMIC that was wrong breaks the session
        answer.verdict = wire::login_verdict::denied;
        answer.reason = "no_keys";
        return;
    }
    const auth::ntlm::client_facts& client = ntlm_->client();
    answer.verdict = wire::login_verdict::accepted;
    answer.facts.bound = client.channel_bound;
    answer.facts.mic = client.mic;
    answer.facts.sealed = client.agreed == auth::ntlm::protection::sealing;
    answer.keys = auth::pack(*keys, auth::ntlm::role::server);
}

} // namespace winrm::service::token
