#include "gss/kerberos_acceptor.h"

#include "gss/acceptor_state.h"
#include "gss/reason.h"
#include "gss/support.h"
#include "gss/ticket_bytes.h"

#include <utility>

namespace winrm::gss {
namespace {

using auth::leg_state;
using auth::login_failure;

std::string shown(const library& gss, gss_name_t name)
{
    OM_uint32 minor = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (name == GSS_C_NO_NAME || gss.accept.display_name(&minor, name, &text, nullptr) != GSS_S_COMPLETE) return {};
    return taken(gss, text);
}

} // namespace

struct kerberos_acceptor::state
{
    enum class progress { talking, done, ended };

    explicit state(acceptor_keys::state& shared) : keys(shared), gss(shared.gss) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state()
    {
        OM_uint32 ignored = 0;
        if (context != GSS_C_NO_CONTEXT) gss.delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
        if (client != GSS_C_NO_NAME) gss.release_name(&ignored, &client);
        if (delegated != GSS_C_NO_CREDENTIAL) gss.release_cred(&ignored, &delegated);
    }

    base::bytes next(base::bytes_view token, const kerberos_acceptance& how)
    {
        gss_channel_bindings_struct binding{};
        binding.application_data = buffer(how.channel_binding);
        const bool look = how.binding != auth::binding_policy::none && !how.channel_binding.empty();
        gss_buffer_desc in = buffer(token), out = GSS_C_EMPTY_BUFFER;
        gss_name_t* const name = client == GSS_C_NO_NAME ? &client : nullptr;
        gss_cred_id_t* const ticket = delegated == GSS_C_NO_CREDENTIAL ? &delegated : nullptr;
        major = gss.accept.accept_sec_context(&minor, &context, keys.credential, &in,
                                              look ? &binding : GSS_C_NO_CHANNEL_BINDINGS, name, nullptr, &out,
                                              &granted, nullptr, ticket);
        return taken(gss, out);
    }

    std::string service()
    {
        OM_uint32 minor_ignored = 0;
        gss_name_t name = GSS_C_NO_NAME;
        if (gss.accept.inquire_context(&minor_ignored, context, nullptr, &name, nullptr, nullptr, nullptr, nullptr,
                                       nullptr) != GSS_S_COMPLETE)
            return {};
        std::string out = shown(gss, name);
        gss.release_name(&minor_ignored, &name);
        return out;
    }

    acceptor_keys::state& keys;
    const library& gss;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_name_t client = GSS_C_NO_NAME;
    gss_cred_id_t delegated = GSS_C_NO_CREDENTIAL;
    OM_uint32 major = GSS_S_COMPLETE, minor = 0, granted = 0;
    progress at = progress::talking;
};

kerberos_acceptor::kerberos_acceptor(kerberos_acceptance how, auth::random_source random)
    : how_(std::move(how)), random_(std::move(random)), state_(std::make_unique<state>(*how_.keys->state_))
{}
kerberos_acceptor::~kerberos_acceptor() = default;

auth::leg kerberos_acceptor::fail(login_failure reason, std::string words, base::bytes token)
{
    state_->at = state::progress::ended;
    return {leg_state::failed, std::move(token), reason, std::move(words)};
}

auth::leg kerberos_acceptor::step(base::bytes_view token)
{
    if (state_->at != state::progress::talking || token.empty()) return fail(login_failure::bad_token, {});
    base::bytes out = state_->next(token, how_);
    if (GSS_ERROR(state_->major) != 0)
        return fail(reason_of(stage::accept, state_->major, state_->minor),
                    words_of(state_->gss, state_->major, state_->minor), std::move(out));
    // Only DCE's three legs go on, and its messages look otherwise.
    if (state_->major != GSS_S_COMPLETE || (state_->granted & GSS_C_DCE_STYLE) != 0)
        return fail(login_failure::bad_token, "DCE style is not WinRM's");
    return conclude(std::move(out));
}

auth::leg kerberos_acceptor::conclude(base::bytes token)
{
    if (how_.mutual_required && (state_->granted & GSS_C_MUTUAL_FLAG) == 0)
        return fail(login_failure::too_weak, "the client does not want to know who the host is");
    facts_.bound = (state_->granted & GSS_C_CHANNEL_BOUND_FLAG) != 0;
    // The library takes a client that binds to nothing.
    if (how_.binding == auth::binding_policy::strict && !facts_.bound)
        return fail(login_failure::bad_binding, "no channel binding was sent");
    facts_.principal = shown(state_->gss, state_->client);
    if (facts_.principal.empty()) return fail(login_failure::other, "the client has no name");
    facts_.service = state_->service();
    if (state_->delegated != GSS_C_NO_CREDENTIAL)
        facts_.delegated = ticket_bytes(state_->gss, state_->keys.krb5, state_->delegated);
    state_->at = state::progress::done;
    return {leg_state::done, std::move(token)};
}

base::bytes kerberos_acceptor::sign_mechlist(base::bytes_view list)
{
    if (state_->at != state::progress::done) return {};
    OM_uint32 minor = 0;
    gss_buffer_desc in = buffer(list), out = GSS_C_EMPTY_BUFFER;
    if (state_->gss.get_mic(&minor, state_->context, GSS_C_QOP_DEFAULT, &in, &out) != GSS_S_COMPLETE) return {};
    return taken(state_->gss, out);
}

bool kerberos_acceptor::verify_mechlist(base::bytes_view list, base::bytes_view mic)
{
    if (state_->at != state::progress::done) return false;
    OM_uint32 minor = 0;
    gss_buffer_desc in = buffer(list), code = buffer(mic);
    ++verified_;
    return state_->gss.verify_mic(&minor, state_->context, &in, &code, nullptr) == GSS_S_COMPLETE;
}

std::optional<auth::krb5::context_values> kerberos_acceptor::hand_over()
{
    if (state_->at != state::progress::done) return std::nullopt;
    state_->at = state::progress::ended;
    auto exported = export_keys(state_->gss, state_->context, auth::krb5::role::acceptor, verified_);
    if (!exported) return std::nullopt;
    replayed_ = !how_.keys->replays_->fresh(exported->initiator_mark.reveal(), auth::krb5::replay_guard::clock::now());
    if (replayed_) return std::nullopt;
    return std::move(exported->values);
}

std::unique_ptr<auth::message_sealer> kerberos_acceptor::take_sealer()
{
    const auto values = hand_over();
    return values ? auth::krb5::make_sealer(*values, random_) : nullptr;
}

} // namespace winrm::gss
