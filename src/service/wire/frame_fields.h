// The fields of each frame, in their order on the wire: one list for the writer, the reader, and what measures or
// counts.
#pragma once

#include "service/wire/frames.h"

#include <concepts>
#include <type_traits>

namespace winrm::service::wire {

inline constexpr std::size_t max_text = 4096;       // names, paths, addresses
inline constexpr std::size_t max_credential = 1024; // what auth::parse_basic accepts
inline constexpr std::size_t max_media_type = 256;
inline constexpr std::size_t max_listeners = 64; // descriptors of one frame
inline constexpr std::size_t max_schemes = 8;
inline constexpr std::size_t max_word = 64; // a scheme, a mechanism, a reason
inline constexpr std::size_t max_ntlm_accounts = 20'000;
inline constexpr std::size_t max_envelope = 256ul * 1024 * 1024; // the socket's own bound is tighter

/// T, const when it is written.
template <class F, class T>
concept is_frame = std::same_as<std::remove_const_t<F>, T>;

template <class C, is_frame<quotas> F> void fields(C& c, F& f)
{
    c.number(f.max_envelope_kb);
    c.number(f.max_timeout_ms);
    c.number(f.max_connections);
    c.number(f.body_time_s);
    c.number(f.shell_idle_s);
    c.number(f.shell_lifetime_s);
    c.number(f.enumeration_time_s);
    c.number(f.max_users);
    c.number(f.max_shells_per_user);
    c.number(f.max_commands_per_shell);
    c.number(f.max_operations_per_user);
    c.number(f.max_command_line);
    c.number(f.output_budget_kb);
    c.number(f.max_processes_per_shell);
    c.number(f.max_memory_per_shell_mb);
}
template <class C, is_frame<std::string> F> void fields(C& c, F& f) { c.text(f, max_word); } // of a list
template <class C, is_frame<auth::sealing_keys> F> void fields(C& c, F& f)
{
    c.choice(f.what, auth::sealing_keys::kind::kerberos);
    c.secret(f.blob, auth::sealing_keys::max_blob);
}
template <class C, is_frame<listener> F> void fields(C& c, F& f)
{
    c.text(f.address, max_text);
    c.flag(f.tls);
}

template <class C, is_frame<request> F> void fields(C& c, F& f)
{
    c.number(f.number);
    c.text(f.charset, max_media_type);
    c.flag(f.chunked);
    c.rest(f.envelope, max_envelope);
}
template <class C, is_frame<reply> F> void fields(C& c, F& f)
{
    c.number(f.number);
    c.flag(f.is_fault);
    c.text(f.media_type, max_media_type);
    c.rest(f.envelope, max_envelope);
}
template <class C, is_frame<login_request> F> void fields(C& c, F& f)
{
    c.number(f.connection);
    c.flag(f.tls);
    c.text(f.peer, max_media_type);
    c.text(f.user, max_credential);
    c.secret(f.password, max_credential);
    c.text(f.scheme, max_word);
    c.text(f.token, max_token);
    c.flag(f.first);
    c.number(f.listener);
}
template <class C, is_frame<login_answer> F> void fields(C& c, F& f)
{
    c.number(f.connection);
    c.choice(f.verdict, login_verdict::go_on);
    c.number(f.account);
    c.text(f.token, max_token);
    c.group(f.keys);
}
template <class C, is_frame<ntlm_account> F> void fields(C& c, F& f)
{
    c.text(f.user, max_credential);
    c.text(f.domain, max_credential);
    c.secret(f.nt_hash, max_word);
}
template <class C, is_frame<binding_rules> F> void fields(C& c, F& f)
{
    c.choice(f.ntlm, channel_binding::strict);
    c.choice(f.kerberos, channel_binding::strict);
}
template <class C, is_frame<token_setup> F> void fields(C& c, F& f)
{
    c.list(f.ntlm_accounts, max_ntlm_accounts);
    c.flag(f.ntlm);
    c.list(f.bindings, max_listeners);
    c.secret(f.keytab, max_keytab);
    c.list(f.services, max_schemes);
    c.flag(f.allow_unencrypted);
    c.text(f.nb_computer, max_credential);
    c.text(f.nb_domain, max_credential);
    c.text(f.dns_computer, max_credential);
    c.text(f.dns_domain, max_credential);
    c.number(f.max_logins);
    c.number(f.login_time_ms);
    c.number(f.log_level);
    c.flag(f.winbind);
}
template <class C, is_frame<token_step> F> void fields(C& c, F& f)
{
    c.number(f.step);
    c.number(f.front);
    c.number(f.connection);
    c.text(f.scheme, max_word);
    c.flag(f.tls);
    c.text(f.end_point, max_media_type);
    c.flag(f.first);
    c.text(f.token, max_token);
    c.number(f.listener);
    c.secret(f.session_key, max_word);
    c.text(f.account, max_credential);
}
template <class C, is_frame<token_facts> F> void fields(C& c, F& f)
{
    c.text(f.mechanism, max_word);
    c.text(f.claimed, max_text);
    c.text(f.account, max_credential);
    c.flag(f.sealed);
    c.flag(f.bound);
    c.flag(f.mic);
    c.flag(f.delegated);
    c.text(f.principal, max_credential);
}
template <class C, is_frame<domain_response> F> void fields(C& c, F& f)
{
    c.text(f.user, max_credential);
    c.text(f.domain, max_credential);
    c.text(f.workstation, max_credential);
    c.text(f.challenge, max_word);
    c.text(f.nt_response, max_nt_response);
}
template <class C, is_frame<token_answer> F> void fields(C& c, F& f)
{
    c.number(f.step);
    c.choice(f.verdict, login_verdict::ask_account);
    c.text(f.token, max_token);
    c.group(f.facts);
    c.text(f.reason, max_word);
    c.group(f.keys);
    c.secret(f.ticket, max_token);
    c.group(f.asked);
}
template <class C, is_frame<token_drop> F> void fields(C& c, F& f)
{
    c.number(f.front);
    c.number(f.connection);
    c.flag(f.whole_front);
}
template <class C, is_frame<front_setup> F> void fields(C& c, F& f)
{
    c.list(f.listeners, max_listeners);
    c.text(f.certificate_pem, max_pem);
    c.secret(f.key_pem, max_pem);
    c.flag(f.allow_unencrypted);
    c.flag(f.basic);
    c.list(f.token_schemes, max_schemes);
    c.number(f.max_connections);
    c.number(f.max_envelope_kb);
    c.number(f.head_time_ms);
    c.number(f.body_time_ms);
    c.number(f.connection_idle_ms);
    c.text(f.product_vendor, max_text);
    c.text(f.product_version, max_text);
    c.number(f.log_level);
    c.number(f.answer_time_ms);
}
template <class C, is_frame<user_setup> F> void fields(C& c, F& f)
{
    c.text(f.user, max_text);
    c.text(f.home, max_text);
    c.text(f.shell, max_text);
    c.text(f.machine, max_text);
    c.group(f.limits);
    c.number(f.http_port);
    c.number(f.https_port);
    c.flag(f.allow_unencrypted);
    c.flag(f.basic);
    c.flag(f.negotiate);
    c.flag(f.kerberos);
    c.text(f.cgroup, max_text);
    c.text(f.product_vendor, max_text);
    c.text(f.product_version, max_text);
    c.number(f.log_level);
    c.text(f.powershell, max_text);
    c.flag(f.warm_spare);
}
template <class C, is_frame<user_connection> F> void fields(C& c, F& f)
{
    c.text(f.peer, max_media_type);
    c.secret(f.ticket, max_token);
}
template <class C, is_frame<user_status> F> void fields(C& c, F& f)
{
    c.number(f.shells);
    c.number(f.connections);
    c.number(f.taken);
}
template <class C, is_frame<user_settings> F> void fields(C& c, F& f) { c.number(f.log_level); }
template <class C, is_frame<login_withdrawn> F> void fields(C& c, F& f) { c.number(f.connection); }
template <class C, is_frame<login_started> F> void fields(C& c, F& f) { c.number(f.connection); }
template <class C, is_frame<answer_now> F> void fields(C& c, F& f) { c.number(f.number); }
template <class C, class F>
    requires std::is_empty_v<F>
void fields(C&, F&)
{}

} // namespace winrm::service::wire
