#include "service/monitor/winbind.h"

#include "base/text.h"
#include "service/monitor/account.h"
#include "service/monitor/privileges.h"

#include <algorithm>
#include <dlfcn.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

// libwbclient's header includes nothing that it needs.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <wbclient.h>

namespace winrm::service::monitor {
namespace {

using kind = domain_verdict::kind;

constexpr const char* library_name = "libwbclient.so.0";
constexpr std::size_t challenge_size = 8, key_size = 16, longest_account = 256;
constexpr uid_t nobody = 65534;

struct status_row
{
    std::uint32_t nt_status;
    kind what;
    const char* reason;
};
constexpr status_row statuses[] = {
    {0xC000006A, kind::denied, "wrong_password"},
    {0xC000006D, kind::denied, "wrong_password_or_user"},
    {0xC0000064, kind::denied, "unknown_account"},
    {0xC0000072, kind::denied, "account_disabled"},
    {0xC0000234, kind::denied, "account_locked"},
    {0xC0000193, kind::denied, "account_expired"},
    {0xC0000071, kind::denied, "password_expired"},
    {0xC0000224, kind::denied, "password_must_change"},
    {0xC000006E, kind::denied, "account_restricted"},
    {0xC000006F, kind::denied, "outside_logon_hours"},
    {0xC0000070, kind::denied, "workstation_not_allowed"},
    {0xC000015B, kind::denied, "logon_type_not_granted"},
    {0xC0000413, kind::denied, "authentication_firewall"},
    {0xC0000418, kind::denied, "ntlm_blocked_by_domain"},
    {0xC0000199, kind::denied, "machine_account_not_allowed"}, // NOLOGON_WORKSTATION_TRUST_ACCOUNT
    {0xC0000198, kind::denied, "machine_account_not_allowed"}, // NOLOGON_INTERDOMAIN_TRUST_ACCOUNT
    {0xC000019A, kind::denied, "machine_account_not_allowed"}, // NOLOGON_SERVER_TRUST_ACCOUNT
    {0xC00000DF, kind::denied, "unknown_domain"},
    {0xC000005E, kind::unavailable, "no_logon_servers"},
    {0xC0000233, kind::unavailable, "no_logon_servers"}, // DOMAIN_CONTROLLER_NOT_FOUND
    {0xC00000B5, kind::unavailable, "domain_controller_timeout"},
    {0xC000020D, kind::unavailable, "domain_controller_lost"},
    {0xC0000236, kind::unavailable, "no_logon_servers"},      // CONNECTION_REFUSED
    {0xC000023C, kind::unavailable, "no_logon_servers"},      // NETWORK_UNREACHABLE
    {0xC000018A, kind::unavailable, "not_joined_to_domain"},  // NO_TRUST_LSA_SECRET
    {0xC000018B, kind::unavailable, "not_joined_to_domain"},  // NO_TRUST_SAM_ACCOUNT
    {0xC000018C, kind::unavailable, "trust_broken"},          // TRUSTED_DOMAIN_FAILURE
    {0xC000018D, kind::unavailable, "trust_broken"},          // TRUSTED_RELATIONSHIP_FAILURE
    {0xC0000022, kind::unavailable, "winbind_not_permitted"}, // its privileged pipe is closed to us
};

struct library
{
    decltype(&::wbcAuthenticateUserEx) authenticate;
    decltype(&::wbcGetpwsid) getpwsid;
    decltype(&::wbcFreeMemory) free_memory;
    decltype(&::wbcPing) ping;
};

template <class Function> bool find(void* handle, const char* name, Function& out)
{
    out = reinterpret_cast<Function>(::dlsym(handle, name));
    return out != nullptr;
}

bool load(library& out)
{
    void* const handle = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    return handle != nullptr && find(handle, "wbcAuthenticateUserEx", out.authenticate) &&
           find(handle, "wbcGetpwsid", out.getpwsid) && find(handle, "wbcFreeMemory", out.free_memory) &&
           find(handle, "wbcPing", out.ping);
}

domain_verdict unavailable(const char* reason) { return {kind::unavailable, reason, {}, {}}; }

/// Members of the group may use winbindd's privileged pipe: no more is needed. @return "" or what went wrong
std::string leave_root()
{
    if (::geteuid() != 0) return {};
    const ::group* const priv = ::getgrnam("winbindd_priv");
    if (priv == nullptr) return {}; // root alone may ask
    const gid_t gid = priv->gr_gid;
    const auto own = find_account("winrmd-token");
    const uid_t uid = own && own->uid != 0 ? own->uid : nobody;
    if (::setgroups(0, nullptr) != 0) return "setgroups";
    std::string problem = become("winrmd-token", uid, gid, groups::kept);
#ifndef OPENWINRM_SANITIZED
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); // nobody has other processes, too
#endif
    return problem;
}

bool is_name(const std::string& name)
{
    return !name.empty() && name.size() <= longest_account && base::is_utf8(name) &&
           std::none_of(name.begin(), name.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7f || c == ':';
           });
}

/// By the SID, so that the name is the one that winbind has for NSS, whatever its separator and default domain.
std::string account_of(const library& wbc, const wbcAuthUserInfo& info)
{
    ::passwd* entry = nullptr;
    std::string out;
    if (info.num_sids > 0) {
        wbcDomainSid sid = info.sids[0].sid;
        if (wbc.getpwsid(&sid, &entry) == WBC_ERR_SUCCESS && entry != nullptr) out = entry->pw_name;
        if (entry != nullptr) wbc.free_memory(entry);
    }
    return out;
}

domain_verdict accept(const library& wbc, wbcAuthUserInfo& info)
{
    base::secret key{std::string{reinterpret_cast<const char*>(info.user_session_key), key_size}};
    base::wipe(info.user_session_key, key_size);
    domain_verdict out{kind::denied, {}, account_of(wbc, info), std::move(key)};
    const bool zeros = out.session_key.reveal().find_first_not_of('\0') == std::string_view::npos;
    // Whoever is let in without having proved anything has no key either.
    if ((info.user_flags & (WBC_AUTH_USER_INFO_GUEST | WBC_AUTH_USER_INFO_NOENCRYPTION)) != 0) out.reason = "guest";
    else if (zeros) out.reason = "no_session_key";
    else if (out.account.empty()) out.reason = "no_account_for_sid";
    else if (!is_name(out.account)) out.reason = "bad_account_name";
    else out.what = kind::accepted;
    if (out.what != kind::accepted) out.session_key = {};
    return out;
}

} // namespace

domain_verdict cause_of(std::uint32_t nt_status, const std::string& name)
{
    for (const status_row& row : statuses)
        if (row.nt_status == nt_status) return {row.what, row.reason, {}, {}};
    std::string word = base::lower(name.substr(0, 48));
    for (char& c : word)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = '_';
    // What nobody has met yet says nothing about the password.
    return {kind::unavailable, word.empty() ? "winbind_failed" : word, {}, {}};
}

domain_verdict ask_winbind(const wire::domain_response& response)
{
    if (response.challenge.size() != challenge_size || response.nt_response.empty() ||
        response.nt_response.size() > wire::max_nt_response)
        return unavailable("winbind_failed");
    if (!leave_root().empty()) return unavailable("winbind_rights_not_dropped");
    library wbc{};
    if (!load(wbc)) return unavailable("libwbclient_missing");
    std::string bytes = response.nt_response;
    wbcAuthUserParams ask{};
    ask.account_name = response.user.c_str();
    ask.domain_name = response.domain.c_str();
    ask.workstation_name = response.workstation.c_str();
    ask.level = wbcAuthUserParams::WBC_AUTH_USER_LEVEL_RESPONSE;
    response.challenge.copy(reinterpret_cast<char*>(ask.password.response.challenge), challenge_size);
    ask.password.response.nt_length = static_cast<std::uint32_t>(bytes.size());
    ask.password.response.nt_data = reinterpret_cast<std::uint8_t*>(bytes.data());
    wbcAuthUserInfo* info = nullptr;
    wbcAuthErrorInfo* error = nullptr;
    const wbcErr got = wbc.authenticate(&ask, &info, &error);
    domain_verdict out = unavailable("winbind_failed");
    if (got == WBC_ERR_SUCCESS && info != nullptr) out = accept(wbc, *info);
    else if (error != nullptr)
        out = cause_of(error->nt_status, error->nt_string != nullptr ? error->nt_string : std::string());
    else if (got == WBC_ERR_WINBIND_NOT_AVAILABLE) // it answers everybody, but logins on its privileged pipe alone
        out = unavailable(wbc.ping() == WBC_ERR_SUCCESS ? "winbind_not_permitted" : "winbind_not_running");
    else if (got == WBC_ERR_DOMAIN_NOT_FOUND) out = unavailable("unknown_domain");
    if (info != nullptr) wbc.free_memory(info);
    if (error != nullptr) wbc.free_memory(error);
    return out;
}

bool has_winbind_library()
{
    void* const handle = ::dlopen(library_name, RTLD_LAZY | RTLD_LOCAL);
    if (handle != nullptr) ::dlclose(handle);
    return handle != nullptr;
}

} // namespace winrm::service::monitor
