#include "auth/ntlm/failure.h"

namespace winrm::auth::ntlm {

std::string_view name(failure reason) noexcept
{
    switch (reason) {
    case failure::none: return "none";
    case failure::unavailable: return "unavailable";
    case failure::out_of_order: return "out_of_order";
    case failure::not_ntlm: return "not_ntlm";
    case failure::wrong_message: return "wrong_message";
    case failure::malformed: return "malformed";
    case failure::weak: return "weak";
    case failure::no_target_info: return "no_target_info";
    case failure::no_timestamp: return "no_timestamp";
    case failure::ntlm_v1: return "ntlm_v1";
    case failure::lm_only: return "lm_only";
    case failure::anonymous: return "anonymous";
    case failure::bad_name: return "bad_name";
    case failure::unknown_account: return "unknown_account";
    case failure::wrong_password: return "wrong_password";
    case failure::channel_binding_missing: return "channel_binding_missing";
    case failure::channel_binding_wrong: return "channel_binding_wrong";
    case failure::wrong_target_name: return "wrong_target_name";
    case failure::mic_missing: return "mic_missing";
    case failure::mic_wrong: return "mic_wrong";
    }
    return {};
}

std::string_view words(failure reason) noexcept
{
    switch (reason) {
    case failure::none: return "no failure";
    case failure::unavailable: return "NTLM needs MD5, which this system refuses (FIPS mode)";
    case failure::out_of_order: return "an NTLM message where none was expected";
    case failure::not_ntlm: return "not an NTLM message";
    case failure::wrong_message: return "the wrong one of NTLM's three messages";
    case failure::malformed: return "a malformed NTLM message";
    case failure::weak: return "128-bit sealing was not agreed";
    case failure::no_target_info: return "the host's challenge allows NTLMv1 only";
    case failure::no_timestamp: return "the host's challenge has no timestamp";
    case failure::ntlm_v1: return "an NTLMv1 response, which is refused";
    case failure::lm_only: return "an LM response, which is refused";
    case failure::anonymous: return "an anonymous login, which is refused";
    case failure::bad_name: return "a user or domain name that cannot be";
    case failure::unknown_account: return "unknown account";
    case failure::wrong_password: return "wrong password";
    case failure::channel_binding_missing: return "no channel binding, which is required here";
    case failure::channel_binding_wrong: return "channel binding of another TLS connection";
    case failure::wrong_target_name: return "a login meant for another service";
    case failure::mic_missing: return "no message integrity code, which is required here";
    case failure::mic_wrong: return "wrong message integrity code";
    }
    return "";
}

} // namespace winrm::auth::ntlm
