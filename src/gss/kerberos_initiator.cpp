#include "gss/kerberos_initiator.h"

#include "gss/library.h"
#include "gss/reason.h"
#include "gss/support.h"

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

namespace winrm::gss {
namespace {

using auth::leg_state;
using auth::login_failure;

/// What tickets are got with, and where they are kept.
struct credential
{
    explicit credential(const library& loaded) : gss(loaded) {}
    credential(const credential&) = delete;
    credential& operator=(const credential&) = delete;
    ~credential()
    {
        OM_uint32 ignored = 0;
        if (handle != GSS_C_NO_CREDENTIAL) gss.release_cred(&ignored, &handle);
        if (!memory_cache.empty()) destroy_cache();
    }

    /// The library keeps a named cache in memory until it is told not to.
    void destroy_cache()
    {
        krb5_context krb5 = nullptr;
        krb5_ccache cache = nullptr;
        if (gss.krb5_init(&krb5) != 0) return;
        if (gss.cc_resolve(krb5, memory_cache.c_str(), &cache) == 0) gss.cc_destroy(krb5, cache);
        gss.krb5_free(krb5);
    }

    /// Is there enough time left for a login?
    [[nodiscard]] bool serves() const
    {
        constexpr std::chrono::seconds margin{60};
        return std::chrono::steady_clock::now() + margin < until;
    }
    void lasts(OM_uint32 seconds)
    {
        using clock = std::chrono::steady_clock;
        until = seconds == GSS_C_INDEFINITE ? clock::time_point::max() : clock::now() + std::chrono::seconds(seconds);
    }

    const library& gss;
    gss_cred_id_t handle = GSS_C_NO_CREDENTIAL;
    std::string memory_cache; ///< name of a cache of our own
    std::chrono::steady_clock::time_point until{};
};

} // namespace

struct ticket_store::state
{
    std::mutex one_at_a_time;
    std::shared_ptr<credential> latest;
};

ticket_store::ticket_store() : state_(std::make_unique<state>()) {}
ticket_store::~ticket_store() = default;

struct kerberos_initiator::state
{
    enum class progress { start, waiting, done, ended };

    explicit state(const library& loaded) : gss(loaded) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state()
    {
        OM_uint32 ignored = 0;
        if (context != GSS_C_NO_CONTEXT) gss.delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
        if (service != GSS_C_NO_NAME) gss.release_name(&ignored, &service);
        if (user != GSS_C_NO_NAME) gss.release_name(&ignored, &user);
    }

    [[nodiscard]] bool failed() const noexcept { return GSS_ERROR(major) != 0; }

    bool import(const std::string& principal, gss_name_t& out)
    {
        gss_OID_desc type = oid(principal_oid);
        gss_buffer_desc text = buffer(principal);
        major = gss.import_name(&minor, &text, &type, &out);
        return !failed();
    }

    bool acquire(const kerberos_login& login)
    {
        // An empty realm asks our own KDC where the host belongs to; nothing is looked up by address.
        const bool whole = login.service.find('@') != std::string::npos;
        if (!import(whole ? login.service : login.service + '@', service)) return false;
        if (!login.tickets) return acquire_own(login);
        ticket_store::state& shared = *login.tickets->state_;
        const std::lock_guard lock(shared.one_at_a_time);
        if (shared.latest && shared.latest->serves()) {
            tickets = shared.latest;
            return true;
        }
        if (!acquire_own(login)) return false;
        shared.latest = tickets;
        return true;
    }

    bool acquire_own(const kerberos_login& login)
    {
        if (!login.user.empty() && !import(login.user, user)) return false;
        tickets = std::make_shared<credential>(gss);
        OM_uint32 seconds = 0;
        gss_OID_desc mechanism = oid(krb5_oid);
        gss_OID_set_desc mechanisms{1, &mechanism};
        if (!login.password.empty()) {
            gss_buffer_desc text = buffer(login.password.reveal());
            major = gss.acquire_cred_with_password(&minor, user, &text, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                                   &tickets->handle, nullptr, &seconds);
            tickets->lasts(seconds);
            return !failed();
        }
        std::array<gss_key_value_element_desc, 2> store{};
        OM_uint32 count = 0;
        if (!login.keytab.empty()) {
            store[count++] = {"client_keytab", login.keytab.c_str()};
            static std::atomic<unsigned long> number{0};
            tickets->memory_cache = "MEMORY:winrm-" + std::to_string(++number);
            store[count++] = {"ccache", tickets->memory_cache.c_str()};
        } else if (!login.cache.empty()) {
            store[count++] = {"ccache", login.cache.c_str()};
        }
        const gss_key_value_set_desc set{count, store.data()};
        major = gss.acquire_cred_from(&minor, user, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                      count > 0 ? &set : nullptr, &tickets->handle, nullptr, &seconds);
        tickets->lasts(seconds);
        return !failed();
    }

    base::bytes next(base::bytes_view token, const kerberos_login& login)
    {
        gss_OID_desc mechanism = oid(krb5_oid);
        gss_channel_bindings_struct binding{};
        binding.application_data = buffer(login.channel_binding);
        gss_buffer_desc in = buffer(token), out = GSS_C_EMPTY_BUFFER;
        const OM_uint32 flags = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG |
                                GSS_C_INTEG_FLAG | (login.delegate ? GSS_C_DELEG_FLAG : 0U);
        major = gss.init_sec_context(&minor, tickets->handle, &context, service, &mechanism, flags, 0,
                                     login.channel_binding.empty() ? GSS_C_NO_CHANNEL_BINDINGS : &binding, &in, nullptr,
                                     &out, &granted, nullptr);
        return taken(gss, out);
    }

    const library& gss;
    gss_name_t service = GSS_C_NO_NAME, user = GSS_C_NO_NAME;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    OM_uint32 major = GSS_S_COMPLETE, minor = 0, granted = 0;
    progress at = progress::start;
    std::shared_ptr<credential> tickets;
};

kerberos_initiator::kerberos_initiator(kerberos_login login, auth::random_source random)
    : login_(std::move(login)), random_(std::move(random))
{}
kerberos_initiator::~kerberos_initiator() = default;

auth::leg kerberos_initiator::fail(login_failure reason)
{
    std::string words =
        state_ && state_->failed() ? words_of(state_->gss, state_->major, state_->minor) : std::string();
    if (state_) state_->at = state::progress::ended;
    login_.password = {};
    return {leg_state::failed, {}, reason, std::move(words)};
}

auth::leg kerberos_initiator::step(base::bytes_view token)
{
    using enum state::progress;
    if (!state_) {
        const library* const loaded = open_library();
        if (loaded == nullptr) return fail(login_failure::not_available);
        state_ = std::make_unique<state>(*loaded);
        if (!token.empty()) return fail(login_failure::bad_token);
        if (!state_->acquire(login_)) return fail(reason_of(stage::ticket, state_->major, state_->minor));
    } else if (state_->at != waiting || token.empty()) {
        return fail(login_failure::bad_token);
    }
    const stage where = state_->at == waiting ? stage::answer : stage::ticket;
    base::bytes out = state_->next(token, login_);
    login_.password = {};
    if (state_->failed()) return fail(reason_of(where, state_->major, state_->minor));
    if (login_.delegate && (state_->granted & GSS_C_DELEG_FLAG) == 0) return fail(login_failure::no_delegation);
    if (state_->major != GSS_S_COMPLETE) {
        state_->at = waiting;
        return {leg_state::go_on, std::move(out)};
    }
    constexpr OM_uint32 needed = GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    if ((state_->granted & needed) != needed) return fail(login_failure::not_proven);
    state_->at = done;
    return {leg_state::done, std::move(out)};
}

base::bytes kerberos_initiator::sign_mechlist(base::bytes_view list)
{
    if (!state_ || state_->at != state::progress::done) return {};
    OM_uint32 minor = 0;
    gss_buffer_desc in = buffer(list), out = GSS_C_EMPTY_BUFFER;
    if (state_->gss.get_mic(&minor, state_->context, GSS_C_QOP_DEFAULT, &in, &out) != GSS_S_COMPLETE) return {};
    return taken(state_->gss, out);
}

bool kerberos_initiator::verify_mechlist(base::bytes_view list, base::bytes_view mic)
{
    if (!state_ || state_->at != state::progress::done) return false;
    OM_uint32 minor = 0;
    gss_buffer_desc in = buffer(list), code = buffer(mic);
    ++verified_;
    return state_->gss.verify_mic(&minor, state_->context, &in, &code, nullptr) == GSS_S_COMPLETE;
}

std::unique_ptr<auth::message_sealer> kerberos_initiator::take_sealer()
{
    if (!state_ || state_->at != state::progress::done) return nullptr;
    state_->at = state::progress::ended;
    const auto got = export_keys(state_->gss, state_->context, auth::krb5::role::initiator, verified_);
    return got ? auth::krb5::make_sealer(got->values, random_) : nullptr;
}

} // namespace winrm::gss
