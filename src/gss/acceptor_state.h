// The library's objects behind acceptor_keys; for this folder.
#pragma once

#include "gss/acceptor_keys.h"
#include "gss/library.h"

namespace winrm::gss {

struct acceptor_keys::state
{
    explicit state(const library& loaded) : gss(loaded) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state();

    /// Makes a keytab in memory of them, and a credential of that. "" = done, else the library's words.
    std::string take(const std::vector<auth::krb5::keytab_key>& keys);

    const library& gss;
    krb5_context krb5 = nullptr;
    krb5_keytab keytab = nullptr; ///< in memory; holds it there
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
};

} // namespace winrm::gss
