#include "gss/library.h"

#include <dlfcn.h>

#include <optional>

namespace winrm::gss {
namespace {

template <class Function> bool find(void* handle, const char* name, Function& out)
{
    out = reinterpret_cast<Function>(::dlsym(handle, name));
    return out != nullptr;
}

bool find_all(void* gss, void* krb5, acceptor_functions& out)
{
    return find(gss, "gss_accept_sec_context", out.accept_sec_context) &&
           find(gss, "gss_display_name", out.display_name) && find(gss, "gss_inquire_context", out.inquire_context) &&
           find(gss, "gss_store_cred_into", out.store_cred_into) && find(krb5, "krb5_kt_resolve", out.kt_resolve) &&
           find(krb5, "krb5_kt_add_entry", out.kt_add_entry) && find(krb5, "krb5_kt_close", out.kt_close) &&
           find(krb5, "krb5_parse_name", out.parse_name) && find(krb5, "krb5_free_principal", out.free_principal) &&
           find(krb5, "krb5_aname_to_localname", out.aname_to_localname) &&
           find(krb5, "krb5_cc_get_principal", out.cc_get_principal) &&
           find(krb5, "krb5_cc_start_seq_get", out.cc_start_seq_get) &&
           find(krb5, "krb5_cc_next_cred", out.cc_next_cred) && find(krb5, "krb5_cc_end_seq_get", out.cc_end_seq_get) &&
           find(krb5, "krb5_marshal_credentials", out.marshal_credentials) &&
           find(krb5, "krb5_free_data", out.free_data) && find(krb5, "krb5_free_cred_contents", out.free_cred_contents);
}

std::optional<library> load()
{
    // Lazily: a login calls few of their functions, and looking all up costs a twentieth of a cold command.
    void* const handle = ::dlopen("libgssapi_krb5.so.2", RTLD_LAZY | RTLD_LOCAL);
    void* const krb5 = ::dlopen("libkrb5.so.3", RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr || krb5 == nullptr) return std::nullopt;
    library out{};
    const bool whole =
        find(handle, "gss_import_name", out.import_name) && find(handle, "gss_release_name", out.release_name) &&
        find(handle, "gss_acquire_cred_from", out.acquire_cred_from) &&
        find(handle, "gss_acquire_cred_with_password", out.acquire_cred_with_password) &&
        find(handle, "gss_release_cred", out.release_cred) &&
        find(handle, "gss_init_sec_context", out.init_sec_context) &&
        find(handle, "gss_delete_sec_context", out.delete_sec_context) && find(handle, "gss_get_mic", out.get_mic) &&
        find(handle, "gss_verify_mic", out.verify_mic) && find(handle, "gss_release_buffer", out.release_buffer) &&
        find(handle, "gss_display_status", out.display_status) &&
        find(handle, "gss_krb5_export_lucid_sec_context", out.export_lucid) &&
        find(handle, "gss_krb5_free_lucid_sec_context", out.free_lucid) &&
        find(krb5, "krb5_cc_default", out.tickets.cc_default) && find(krb5, "krb5_cc_close", out.tickets.cc_close) &&
        find(krb5, "krb5_cc_get_principal", out.tickets.cc_get_principal) &&
        find(krb5, "krb5_cc_start_seq_get", out.tickets.cc_start_seq_get) &&
        find(krb5, "krb5_cc_next_cred", out.tickets.cc_next_cred) &&
        find(krb5, "krb5_cc_end_seq_get", out.tickets.cc_end_seq_get) &&
        find(krb5, "krb5_free_cred_contents", out.tickets.free_cred_contents) &&
        find(krb5, "krb5_free_principal", out.tickets.free_principal) &&
        find(krb5, "krb5_unparse_name", out.tickets.unparse_name) &&
        find(krb5, "krb5_free_unparsed_name", out.tickets.free_unparsed_name) &&
        find(krb5, "krb5_get_default_realm", out.tickets.get_default_realm) &&
        find(krb5, "krb5_free_default_realm", out.tickets.free_default_realm) &&
        find(krb5, "krb5_init_context", out.krb5_init) && find(krb5, "krb5_free_context", out.krb5_free) &&
        find(krb5, "krb5_cc_resolve", out.cc_resolve) && find(krb5, "krb5_cc_destroy", out.cc_destroy) &&
        find_all(handle, krb5, out.accept);
    if (!whole) return std::nullopt;
    return out;
}

} // namespace

const library* open_library()
{
    static const std::optional<library> opened = load();
    return opened ? &*opened : nullptr;
}

} // namespace winrm::gss
