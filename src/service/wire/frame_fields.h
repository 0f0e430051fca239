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
inline constexpr std::size_t max_listeners = 64;                 // descriptors of one frame
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
}
template <class C, is_frame<login_answer> F> void fields(C& c, F& f)
{
    c.number(f.connection);
    c.verdict(f.verdict);
    c.number(f.account);
}
template <class C, is_frame<front_setup> F> void fields(C& c, F& f)
{
    c.list(f.listeners, max_listeners);
    c.text(f.certificate_pem, max_pem);
    c.secret(f.key_pem, max_pem);
    c.flag(f.allow_unencrypted);
    c.flag(f.basic);
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
    c.text(f.cgroup, max_text);
    c.text(f.product_vendor, max_text);
    c.text(f.product_version, max_text);
    c.number(f.log_level);
}
template <class C, is_frame<user_connection> F> void fields(C& c, F& f) { c.text(f.peer, max_media_type); }
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
