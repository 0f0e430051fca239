#include "gss/kerberos_initiator.h"

#include "auth/clocks.h"
#include "gss/kdc_clock.h"
#include "gss/krb5_functions.h"
#include "gss/library.h"
#include "gss/reason.h"
#include "gss/support.h"
#include "gss/tickets.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
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

/// "ada@corp.example" → "ada@CORP.EXAMPLE"
std::string with_usual_realm(std::string user)
{
    const auto at = user.rfind('@');
    for (std::size_t i = at == std::string::npos ? user.size() : at + 1; i < user.size(); ++i)
        if (user[i] >= 'a' && user[i] <= 'z') user[i] = static_cast<char>(user[i] - ('a' - 'A'));
    return user;
}

std::string new_cache_name()
{
    static std::atomic<unsigned long> number{0};
    return "MEMORY:winrm-" + std::to_string(++number);
}

/// What GSS-API has no word for: to ask for a ticket that can be handed on.
struct first_ticket_functions
{
    decltype(&::krb5_parse_name) parse_name;
    decltype(&::krb5_free_principal) free_principal;
    decltype(&::krb5_get_init_creds_opt_alloc) options_alloc;
    decltype(&::krb5_get_init_creds_opt_free) options_free;
    decltype(&::krb5_get_init_creds_opt_set_forwardable) set_forwardable;
    decltype(&::krb5_get_init_creds_opt_set_out_ccache) set_cache;
    decltype(&::krb5_get_init_creds_password) by_password;
    decltype(&::krb5_get_init_creds_keytab) by_keytab;
    decltype(&::krb5_kt_resolve) keytab_resolve;
    decltype(&::krb5_kt_close) keytab_close;
    decltype(&::krb5_cc_close) cache_close;
    decltype(&::krb5_free_cred_contents) free_contents;
    decltype(&::krb5_get_error_message) error_message;
    decltype(&::krb5_free_error_message) free_error_message;
    bool whole = false;
};

first_ticket_functions find_first_ticket_functions()
{
    first_ticket_functions out{};
    krb5_functions krb5;
    krb5.find("krb5_parse_name", out.parse_name);
    krb5.find("krb5_free_principal", out.free_principal);
    krb5.find("krb5_get_init_creds_opt_alloc", out.options_alloc);
    krb5.find("krb5_get_init_creds_opt_free", out.options_free);
    krb5.find("krb5_get_init_creds_opt_set_forwardable", out.set_forwardable);
    krb5.find("krb5_get_init_creds_opt_set_out_ccache", out.set_cache);
    krb5.find("krb5_get_init_creds_password", out.by_password);
    krb5.find("krb5_get_init_creds_keytab", out.by_keytab);
    krb5.find("krb5_kt_resolve", out.keytab_resolve);
    krb5.find("krb5_kt_close", out.keytab_close);
    krb5.find("krb5_cc_close", out.cache_close);
    krb5.find("krb5_free_cred_contents", out.free_contents);
    krb5.find("krb5_get_error_message", out.error_message);
    krb5.find("krb5_free_error_message", out.free_error_message);
    out.whole = krb5.whole();
    return out;
}

/// The user's first ticket, forwardable, into the cache of this name. Asks a KDC.
/// @param words  the library's, with an error
/// @return 0, or the library's error
krb5_error_code get_forwardable(const library& gss, const kerberos_login& login, const std::string& who,
                                const std::string& cache_name, std::string& words)
{
    static const first_ticket_functions krb5 = find_first_ticket_functions();
    krb5_context context = nullptr;
    if (!krb5.whole || gss.krb5_init(&context) != 0) return KRB5_CC_NOTFOUND;
    krb5_principal user = nullptr;
    krb5_ccache cache = nullptr;
    krb5_keytab keytab = nullptr;
    krb5_get_init_creds_opt* options = nullptr;
    krb5_creds got{};
    krb5_error_code failed = krb5.parse_name(context, who.c_str(), &user);
    if (failed == 0) failed = gss.cc_resolve(context, cache_name.c_str(), &cache);
    if (failed == 0) failed = krb5.options_alloc(context, &options);
    if (failed == 0) {
        krb5.set_forwardable(options, 1);
        failed = krb5.set_cache(context, options, cache);
    }
    if (failed == 0 && login.password.empty()) failed = krb5.keytab_resolve(context, login.keytab.c_str(), &keytab);
    if (failed == 0 && keytab != nullptr) failed = krb5.by_keytab(context, &got, user, keytab, 0, nullptr, options);
    else if (failed == 0) // a secret ends with a zero
        failed = krb5.by_password(context, &got, user, login.password.reveal().data(), nullptr, nullptr, 0, nullptr,
                                  options);
    if (failed == 0) {
        krb5.free_contents(context, &got); // wipes the key
    } else if (const char* text = krb5.error_message(context, failed); text != nullptr) {
        words = text;
        krb5.free_error_message(context, text);
    }
    if (options != nullptr) krb5.options_free(context, options);
    if (keytab != nullptr) krb5.keytab_close(context, keytab);
    if (cache != nullptr) krb5.cache_close(context, cache);
    if (user != nullptr) krb5.free_principal(context, user);
    gss.krb5_free(context);
    return failed;
}

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
        if (login.password.empty()) return acquire_as(login, login.user);
        // Realms are upper case nearly everywhere, and people type them as the domain that they mostly are.
        const std::string usual = with_usual_realm(login.user);
        if (acquire_once(login, usual)) return true;
        if (usual == login.user || reason_of(stage::ticket, major, minor) != login_failure::unknown_realm) return false;
        return acquire_once(login, login.user);
    }

    /// Not where the KDC has refused this password before.
    bool acquire_once(const kerberos_login& login, const std::string& who)
    {
        if (!login.verdicts) return acquire_as(login, who);
        using verdict = password_verdicts::verdict;
        const auto entry = login.verdicts->of(who, login.password.reveal());
        std::unique_lock asking(entry->asking(), std::defer_lock);
        if (entry->known() != verdict::right) asking.lock();
        if (asking && entry->known() == verdict::right) asking.unlock(); // found out while this one waited
        if (entry->known() == verdict::wrong) {
            refused_before = true;
            major = GSS_S_FAILURE;
            minor = static_cast<OM_uint32>(KRB5KDC_ERR_PREAUTH_FAILED);
            return false;
        }
        const bool good = acquire_as(login, who);
        if (good) entry->is(verdict::right);
        else if (reason_of(stage::ticket, major, minor) == login_failure::wrong_password) entry->is(verdict::wrong);
        return good;
    }

    bool acquire_as(const kerberos_login& login, const std::string& who)
    {
        OM_uint32 ignored = 0;
        if (user != GSS_C_NO_NAME) gss.release_name(&ignored, &user);
        if (!who.empty() && !import(who, user)) return false;
        tickets = std::make_shared<credential>(gss);
        OM_uint32 seconds = 0;
        gss_OID_desc mechanism = oid(krb5_oid);
        gss_OID_set_desc mechanisms{1, &mechanism};
        const bool handed_on = login.delegate && !who.empty();
        if (handed_on && !(login.password.empty() && login.keytab.empty())) {
            tickets->memory_cache = new_cache_name();
            if (const auto failed = get_forwardable(gss, login, who, tickets->memory_cache, own_words); failed != 0) {
                major = GSS_S_FAILURE;
                minor = static_cast<OM_uint32>(failed);
                return false;
            }
        } else if (!login.password.empty()) {
            gss_buffer_desc text = buffer(login.password.reveal());
            major = gss.acquire_cred_with_password(&minor, user, &text, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                                   &tickets->handle, nullptr, &seconds);
            tickets->lasts(seconds);
            return !failed();
        }
        std::array<gss_key_value_element_desc, 2> store{};
        OM_uint32 count = 0;
        if (!tickets->memory_cache.empty()) {
            store[count++] = {"ccache", tickets->memory_cache.c_str()};
        } else if (!login.keytab.empty()) {
            store[count++] = {"client_keytab", login.keytab.c_str()};
            tickets->memory_cache = new_cache_name();
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
    std::string own_words;       ///< of an error that GSS-API does not know
    bool refused_before = false; ///< the password, and so it was not sent again
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

/// A KDC's answer, or this machine's own. By how much clocks differ, the library does not pass on.
auth::leg kerberos_initiator::no_ticket_got()
{
    auto failed = fail(reason_of(stage::ticket, state_->major, state_->minor));
    if (failed.words.empty()) failed.words = std::move(state_->own_words);
    if (state_->refused_before) {
        failed.words.clear();
        failed.more = "The KDC refused this password a moment ago, and it was not sent again: each try counts.";
    }
    if (failed.failed != login_failure::clock_skew) return failed;
    std::string asker = login_.user.empty() ? ticket_holder(login_.cache) : with_usual_realm(login_.user);
    if (asker.empty()) asker = "winrm"; // of the default realm; need not be there
    constexpr std::int64_t worth_telling = 60;
    const auto there = kdc_time(state_->gss, asker);
    const std::int64_t here = std::time(nullptr);
    if (there && std::abs(here - *there) >= worth_telling) failed.more = auth::clock_sentence(here, *there, "KDC");
    return failed;
}

auth::leg kerberos_initiator::step(base::bytes_view token)
{
    using enum state::progress;
    if (!state_) {
        const library* const loaded = open_library();
        if (loaded == nullptr) return fail(login_failure::not_available);
        state_ = std::make_unique<state>(*loaded);
        if (!token.empty()) return fail(login_failure::bad_token);
        if (!state_->acquire(login_)) return no_ticket_got();
    } else if (state_->at != waiting || token.empty()) {
        return fail(login_failure::bad_token);
    }
    const stage where = state_->at == waiting ? stage::answer : stage::ticket;
    base::bytes out = state_->next(token, login_);
    login_.password = {};
    if (state_->failed() && where == stage::ticket) return no_ticket_got();
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
