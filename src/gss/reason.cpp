#include "gss/reason.h"

#include <gssapi/gssapi.h>
#include <krb5.h>

namespace winrm::gss {
namespace {

using auth::login_failure;

struct row
{
    krb5_error_code code;
    login_failure ticket, answer, accept = login_failure::other;
};
constexpr row rows[] = {
    {KRB5KDC_ERR_PREAUTH_FAILED, login_failure::wrong_password, login_failure::ticket_refused},
    {KRB5KRB_AP_ERR_BAD_INTEGRITY, login_failure::wrong_password, login_failure::ticket_refused,
     login_failure::ticket_refused},
    {KRB5KRB_AP_ERR_MODIFIED, login_failure::wrong_password, login_failure::ticket_refused,
     login_failure::ticket_refused},
    {KRB5KRB_AP_ERR_BADKEYVER, login_failure::other, login_failure::ticket_refused, login_failure::ticket_refused},
    {KRB5KRB_AP_ERR_NOKEY, login_failure::other, login_failure::ticket_refused, login_failure::ticket_refused},
    {KRB5KRB_AP_ERR_NOT_US, login_failure::other, login_failure::wrong_service, login_failure::wrong_service},
    {KRB5KRB_AP_WRONG_PRINC, login_failure::other, login_failure::wrong_service, login_failure::wrong_service},
    {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, login_failure::unknown_user, login_failure::other},
    {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, login_failure::unknown_service, login_failure::other},
    {KRB5KDC_ERR_CLIENT_REVOKED, login_failure::locked, login_failure::other},
    {KRB5KDC_ERR_NAME_EXP, login_failure::locked, login_failure::other},
    {KRB5KDC_ERR_KEY_EXP, login_failure::expired, login_failure::other},
    {KRB5_KDC_UNREACH, login_failure::no_kdc, login_failure::other},
    {KRB5_REALM_CANT_RESOLVE, login_failure::no_kdc, login_failure::other},
    {KRB5_REALM_UNKNOWN, login_failure::unknown_realm, login_failure::other},
    {KRB5KDC_ERR_WRONG_REALM, login_failure::unknown_realm, login_failure::other},
    {KRB5_CONFIG_NODEFREALM, login_failure::no_realm, login_failure::other},
    {KRB5KRB_AP_ERR_SKEW, login_failure::clock_skew, login_failure::clock_skew, login_failure::clock_skew},
    {KRB5_KDCREP_SKEW, login_failure::clock_skew, login_failure::other},
    {KRB5KRB_AP_ERR_TKT_EXPIRED, login_failure::no_ticket, login_failure::ticket_refused,
     login_failure::ticket_refused},
    {KRB5KRB_AP_ERR_TKT_NYV, login_failure::clock_skew, login_failure::clock_skew, login_failure::clock_skew},
    {KRB5_FCC_NOFILE, login_failure::no_ticket, login_failure::other},
    {KRB5_CC_NOTFOUND, login_failure::no_ticket, login_failure::other},
    {KRB5_KT_NOTFOUND, login_failure::no_ticket, login_failure::other, login_failure::ticket_refused},
    {KRB5_MUTUAL_FAILED, login_failure::not_proven, login_failure::not_proven},
    {KRB5KRB_AP_ERR_TKT_INVALID, login_failure::no_ticket, login_failure::ticket_refused,
     login_failure::ticket_refused},
    {KRB5_KT_KVNONOTFOUND, login_failure::other, login_failure::ticket_refused, login_failure::ticket_refused},
    {KRB5_NOPERM_ETYPE, login_failure::too_weak, login_failure::too_weak, login_failure::too_weak},
};

} // namespace

login_failure reason_of(stage at, std::uint32_t major, std::uint32_t minor) noexcept
{
    const auto code = static_cast<krb5_error_code>(static_cast<std::int32_t>(minor));
    for (const row& r : rows) {
        if (r.code != code) continue;
        return at == stage::ticket ? r.ticket : at == stage::answer ? r.answer : r.accept;
    }
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_NO_CRED:
    case GSS_S_CREDENTIALS_EXPIRED:
    case GSS_S_DEFECTIVE_CREDENTIAL: return login_failure::no_ticket;
    case GSS_S_BAD_BINDINGS: return login_failure::bad_binding;
    case GSS_S_DEFECTIVE_TOKEN:
    case GSS_S_BAD_SIG: return login_failure::bad_token;
    case GSS_S_BAD_MECH: return login_failure::not_available;
    default: return login_failure::other;
    }
}

} // namespace winrm::gss
