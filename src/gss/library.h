// MIT's GSS-API, opened at the first use and never linked: a run without Kerberos opens no file of it.
#pragma once

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

namespace winrm::gss {

/// What a host needs beside the rest; found at the same time.
struct acceptor_functions
{
    decltype(&::gss_accept_sec_context) accept_sec_context;
    decltype(&::gss_display_name) display_name;
    decltype(&::gss_inquire_context) inquire_context;
    decltype(&::gss_store_cred_into) store_cred_into;
    decltype(&::krb5_kt_resolve) kt_resolve;
    decltype(&::krb5_kt_add_entry) kt_add_entry;
    decltype(&::krb5_kt_close) kt_close;
    decltype(&::krb5_parse_name) parse_name;
    decltype(&::krb5_free_principal) free_principal;
    decltype(&::krb5_aname_to_localname) aname_to_localname;
    decltype(&::krb5_cc_get_principal) cc_get_principal;
    decltype(&::krb5_cc_start_seq_get) cc_start_seq_get;
    decltype(&::krb5_cc_next_cred) cc_next_cred;
    decltype(&::krb5_cc_end_seq_get) cc_end_seq_get;
    decltype(&::krb5_marshal_credentials) marshal_credentials;
    decltype(&::krb5_free_data) free_data;
    decltype(&::krb5_free_cred_contents) free_cred_contents;
};

/// The functions we use, by their names in the library.
struct library
{
    decltype(&::gss_import_name) import_name;
    decltype(&::gss_release_name) release_name;
    decltype(&::gss_acquire_cred_from) acquire_cred_from;
    decltype(&::gss_acquire_cred_with_password) acquire_cred_with_password;
    decltype(&::gss_release_cred) release_cred;
    decltype(&::gss_init_sec_context) init_sec_context;
    decltype(&::gss_delete_sec_context) delete_sec_context;
    decltype(&::gss_get_mic) get_mic;
    decltype(&::gss_verify_mic) verify_mic;
    decltype(&::gss_release_buffer) release_buffer;
    decltype(&::gss_display_status) display_status;
    decltype(&::gss_krb5_export_lucid_sec_context) export_lucid;
    decltype(&::gss_krb5_free_lucid_sec_context) free_lucid;
    decltype(&::krb5_init_context) krb5_init;
    decltype(&::krb5_free_context) krb5_free;
    /// What is in a cache, and the configuration.
    struct
    {
        decltype(&::krb5_cc_default) cc_default;
        decltype(&::krb5_cc_close) cc_close;
        decltype(&::krb5_cc_get_principal) cc_get_principal;
        decltype(&::krb5_cc_start_seq_get) cc_start_seq_get;
        decltype(&::krb5_cc_next_cred) cc_next_cred;
        decltype(&::krb5_cc_end_seq_get) cc_end_seq_get;
        decltype(&::krb5_free_cred_contents) free_cred_contents;
        decltype(&::krb5_free_principal) free_principal;
        decltype(&::krb5_unparse_name) unparse_name;
        decltype(&::krb5_free_unparsed_name) free_unparsed_name;
        decltype(&::krb5_get_default_realm) get_default_realm;
        decltype(&::krb5_free_default_realm) free_default_realm;
    } tickets;
    decltype(&::krb5_cc_resolve) cc_resolve;
    decltype(&::krb5_cc_destroy) cc_destroy;
    acceptor_functions accept;
};

/// nullptr: not installed, or too old. Opened once for the process and never closed. Any thread.
[[nodiscard]] const library* open_library();

} // namespace winrm::gss
