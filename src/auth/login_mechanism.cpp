#include "auth/login_mechanism.h"

#include <array>

namespace winrm::auth {
namespace {

struct failure_row
{
    login_failure failure;
    std::string_view name;
    bool fall_back;
    std::string_view sentence;
};
constexpr std::array<failure_row, 22> failures{{
    {login_failure::none, "none", true, "Nothing failed."},
    {login_failure::not_available, "not_available", true, "This login is not set up here."},
    {login_failure::no_ticket, "no_ticket", true, "There is no Kerberos ticket, and no password to get one with."},
    {login_failure::no_kdc, "no_kdc", true, "No KDC of the realm was found, or none answered."},
    {login_failure::unknown_realm, "unknown_realm", true, "The realm is not known."},
    {login_failure::no_realm, "no_realm", true,
     "The user has no realm, and the Kerberos configuration here names no default one."},
    {login_failure::unknown_service, "unknown_service", true, "The realm has no service of that name for the host."},
    {login_failure::unknown_user, "unknown_user", true, "There is no such user."},
    {login_failure::wrong_password, "wrong_password", false, "The password is wrong."},
    {login_failure::expired, "expired", false, "The password has expired."},
    {login_failure::locked, "locked", false, "The account is locked, disabled or past its date."},
    {login_failure::clock_skew, "clock_skew", true, "The clocks differ too much for Kerberos."},
    {login_failure::ticket_refused, "ticket_refused", true, "The host could not read the ticket: it has another key."},
    {login_failure::no_delegation, "no_delegation", false, "The ticket cannot be delegated, and that was asked for."},
    {login_failure::not_proven, "not_proven", false, "The other end did not prove who it is."},
    {login_failure::bad_binding, "bad_binding", false, "The login was made for another TLS connection."},
    {login_failure::bad_token, "bad_token", false, "A token of the login is against the rules."},
    {login_failure::too_weak, "too_weak", false, "The other end offers no protection that is safe."},
    {login_failure::wrong_service, "wrong_service", false, "The login was made for another service."},
    {login_failure::host_chose_other, "host_chose_other", true, "The host chose another mechanism."},
    {login_failure::refused, "refused", false, "The host refused it."},
    {login_failure::other, "other", true, "The login failed for another reason."},
}};

const failure_row& row_of(login_failure failure) noexcept
{
    for (const failure_row& row : failures) {
        if (row.failure == failure) return row;
    }
    return failures.back();
}

} // namespace

std::string_view name(mechanism_kind kind) noexcept { return kind == mechanism_kind::kerberos ? "Kerberos" : "NTLM"; }
std::string_view name(login_failure failure) noexcept { return row_of(failure).name; }
std::string_view sentence(login_failure failure) noexcept { return row_of(failure).sentence; }
bool may_fall_back(login_failure failure) noexcept { return row_of(failure).fall_back; }

} // namespace winrm::auth
