#include "service/monitor/token_plan.h"

#include "crypto/md5.h"
#include "service/monitor/auth_files.h"

#include <algorithm>

namespace winrm::service::monitor {
namespace {

wire::channel_binding told(auth::binding_policy policy)
{
    switch (policy) {
    case auth::binding_policy::none: return wire::channel_binding::none;
    case auth::binding_policy::relaxed: return wire::channel_binding::relaxed;
    case auth::binding_policy::strict: break;
    }
    return wire::channel_binding::strict;
}

} // namespace

result<token_plan> make_token_plan(const settings& from)
{
    token_plan out;
    auth_settings a = from.auth;
    if (!crypto::md5_available()) a.ntlm = false; // OpenSSL in FIPS mode
    out.schemes = a.schemes();
    // An NTLM login can be passed on by whoever the client believes to be us: bound to our certificate it cannot.
    for (const listen_address& one : from.listen) {
        const auto asked = one.channel_binding ? one.channel_binding : a.channel_binding;
        out.setup.bindings.push_back(
            {told(asked.value_or(auth::binding_policy::strict)), told(asked.value_or(auth::binding_policy::relaxed))});
    }
    if (a.kerberos_on()) {
        auto keytab = read_keytab(a);
        if (!keytab) return std::move(keytab).error();
        out.setup.keytab = std::move(keytab->bytes);
        out.setup.services = a.services;
    }
    out.setup.ntlm = a.ntlm_on();
    out.setup.winbind = out.setup.ntlm && a.winbind;
    if (!out.setup.ntlm || a.ntlm_accounts.empty()) return out;
    auto accounts = read_ntlm_accounts(a);
    if (!accounts) return std::move(accounts).error();
    if (!accounts->problems.empty()) {
        const ntlm_problem& first = accounts->problems.front();
        return winrm::error{errc::bad_config, a.ntlm_accounts + ':' + std::to_string(first.line) + ':' +
                                                  std::to_string(first.column) + ": " + first.what};
    }
    for (ntlm_entry& one : accounts->accounts)
        out.setup.ntlm_accounts.push_back({std::move(one.user), std::move(one.domain), std::move(one.nt_hash)});
    return out;
}

} // namespace winrm::service::monitor
