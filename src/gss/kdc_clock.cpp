#include "gss/kdc_clock.h"

#include "gss/krb5_functions.h"
#include "gss/library.h"

namespace winrm::gss {
namespace {

struct functions
{
    decltype(&::krb5_parse_name) parse_name;
    decltype(&::krb5_free_principal) free_principal;
    decltype(&::krb5_init_creds_init) init;
    decltype(&::krb5_init_creds_free) free;
    decltype(&::krb5_init_creds_set_service) set_service;
    decltype(&::krb5_init_creds_get) get;
    decltype(&::krb5_init_creds_get_error) get_error;
    decltype(&::krb5_free_error) free_error;
    bool whole = false;
};

functions find_functions()
{
    functions out{};
    krb5_functions krb5;
    krb5.find("krb5_parse_name", out.parse_name);
    krb5.find("krb5_free_principal", out.free_principal);
    krb5.find("krb5_init_creds_init", out.init);
    krb5.find("krb5_init_creds_free", out.free);
    krb5.find("krb5_init_creds_set_service", out.set_service);
    krb5.find("krb5_init_creds_get", out.get);
    krb5.find("krb5_init_creds_get_error", out.get_error);
    krb5.find("krb5_free_error", out.free_error);
    out.whole = krb5.whole();
    return out;
}

} // namespace

std::optional<std::int64_t> kdc_time(const library& gss, const std::string& principal)
{
    static const functions krb5 = find_functions();
    krb5_context context = nullptr;
    if (!krb5.whole || gss.krb5_init(&context) != 0) return std::nullopt;
    krb5_principal user = nullptr;
    krb5_init_creds_context asking = nullptr;
    krb5_error* refusal = nullptr;
    std::optional<std::int64_t> time;
    if (krb5.parse_name(context, principal.c_str(), &user) == 0 &&
        krb5.init(context, user, nullptr, nullptr, 0, nullptr, &asking) == 0 &&
        krb5.set_service(context, asking, "winrm/what.time.is.it") == 0 && krb5.get(context, asking) != 0 &&
        krb5.get_error(context, asking, &refusal) == 0 && refusal != nullptr) {
        time = static_cast<std::uint32_t>(refusal->stime); // without a sign, whatever its type says: until 2106
    }
    if (refusal != nullptr) krb5.free_error(context, refusal);
    if (asking != nullptr) krb5.free(context, asking);
    if (user != nullptr) krb5.free_principal(context, user);
    gss.krb5_free(context);
    return time;
}

} // namespace winrm::gss
