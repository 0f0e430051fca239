// Frames between monitor, front and user processes: pure encoding over io::message_socket. Fixed little-endian
// integers, strings with a 32-bit length, every field bounded; a frame that does not parse exactly to its end is
// refused.
//
// monitor → front: setup (once: settings, TLS key, listening sockets), login_started, login_answer (with a descriptor
// if accepted, and with the keys of this connection), ping, drain, stop.
//
// front → monitor: ready (once: in its sandbox, and accepting), login_request, login_withdrawn, pong.
//
// monitor → token: setup (also later, for the logins that begin then), step, drop, ping, stop.
//
// token → monitor: ready (in its sandbox), answer, pong.
//
// monitor → user: setup (once), settings (what changes while it runs), connection (with a descriptor), ping, stop.
//
// user → monitor: status (that it has begun; live shells and connections, by which an idle process can be ended), pong.
//
// front ↔ user: request and reply, on one socket pair per logged-in connection; answer_now from the front.
#pragma once

#include "auth/sealing_keys.h"
#include "base/bytes.h"
#include "base/duration.h"
#include "base/secret.h"
#include "service/wire/quotas.h"

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace winrm::service::wire {

/// front ↔ user
struct request
{
    std::uint64_t number = 0;
    std::string charset;
    bool chunked = false;
    std::string envelope;
};
struct reply
{
    std::uint64_t number = 0;
    bool is_fault = false;
    std::string media_type;
    std::string envelope;
};

/// front → monitor. `connection` is the front's number, answered back. A password (Basic), or a token of any other
/// scheme.
struct login_request
{
    std::uint64_t connection = 0;
    bool tls = false;
    std::string peer;
    std::string user;
    base::secret password;
    std::string scheme = "Basic";
    std::string token;
    bool first = true;          ///< of its login
    std::uint32_t listener = 0; ///< it came to: position in front_setup::listeners
};
/// The connection has ended and needs no answer; a login under way on it is over.
struct login_withdrawn
{
    std::uint64_t connection = 0;
};
enum class login_verdict : std::uint8_t {
    denied,
    accepted,
    unavailable,
    go_on,      ///< by tokens: another leg
    ask_account ///< of a token_answer alone: a domain has to say whether token_answer::asked is right
};
/// The password is being checked: the connection must not be dropped to make room for another.
struct login_started
{
    std::uint64_t connection = 0;
};
/// accepted: one descriptor comes along, the front's end of the connection to the user's process.
struct login_answer
{
    std::uint64_t connection = 0;
    login_verdict verdict = login_verdict::denied;
    std::uint64_t account = 0; ///< accepted: the same number for all connections of an account, and for no other's
    std::string token{};       ///< for the client
    auth::sealing_keys keys{}; ///< accepted: for the bodies of this connection
};

/// Of a token process's settings.
struct ntlm_account
{
    std::string user;     ///< the account's name here
    std::string domain;   ///< "" = whatever the client says
    base::secret nt_hash; ///< 16 bytes
    bool operator==(const ntlm_account&) const = default;
};
enum class channel_binding : std::uint8_t { none, relaxed, strict };
/// What becomes of the channel bindings of logins over TLS.
struct binding_rules
{
    channel_binding ntlm = channel_binding::strict, kerberos = channel_binding::relaxed;
    bool operator==(const binding_rules&) const = default;
};
/// monitor → token
struct token_setup
{
    std::vector<ntlm_account> ntlm_accounts;
    bool ntlm = false;                                            ///< is there at all
    std::vector<binding_rules> bindings;                          ///< one for each listener; for others the strictest
    base::secret keytab;                                          ///< a file's bytes; "" = no Kerberos
    std::vector<std::string> services;                            ///< whose keys of it are used
    bool allow_unencrypted = false;                               ///< a login without TLS need not be able to seal
    std::string nb_computer, nb_domain, dns_computer, dns_domain; ///< names that NTLM tells; "" = none
    std::uint32_t max_logins = 1024, login_time_ms = 30'000;
    std::uint8_t log_level = 1;
    bool winbind = false; ///< NTLM: ask for the accounts that are not in ntlm_accounts
    bool operator==(const token_setup&) const = default;
};
/// monitor → token: one leg. Whose it is: a front and its connection, which has one login at a time.
struct token_step
{
    std::uint64_t step = 0; ///< the monitor's number, answered back
    std::uint64_t front = 0, connection = 0;
    std::string scheme;
    bool tls = false;
    std::string end_point; ///< with TLS: RFC 5929 application data of the certificate of this front
    bool first = true;
    std::string token;
    std::uint32_t listener = 0; ///< position in token_setup::bindings
    /// Not empty: no token, but the answer to ask_account. SessionBaseKey (MS-NLMP 3.2.5.1.2), 16 bytes.
    base::secret session_key{};
    std::string account{}; ///< with it: the account's name here
};
/// What is known of a login by tokens, for the log and the rules of accounts.
struct token_facts
{
    std::string mechanism; ///< "NTLM", "Kerberos"; "" = it did not come so far
    std::string claimed;   ///< who the client says it is; "" = nobody yet
    std::string account;   ///< accepted: whose account was proved; denied: against whose a guess counts, "" = nobody's
    bool sealed = false, bound = false, mic = false, delegated = false;
    /// Accepted: who was proved in place of an account, as "ada@CORP.EXAMPLE"; which account that is, is for
    /// auth_to_local to say. "" = not by Kerberos.
    std::string principal{};
    bool operator==(const token_facts&) const = default;
};
/// A client's answer to an NTLM challenge, for a domain that knows the account's hash (MS-NLMP 3.2.5.1.2): taken apart
/// where tokens are read, so that nobody else looks for lengths in it.
struct domain_response
{
    std::string user, domain, workstation; ///< UTF-8, no control characters; as the client sent them
    std::string challenge;                 ///< 8 bytes
    std::string nt_response;               ///< NTLMv2's
    bool operator==(const domain_response&) const = default;
};
/// token → monitor
struct token_answer
{
    std::uint64_t step = 0;
    login_verdict verdict = login_verdict::denied;
    std::string token; ///< for the client
    token_facts facts;
    std::string reason; ///< denied: one word, for the log
    auth::sealing_keys keys;
    base::secret ticket{};   ///< accepted: a forwarded one, as the bytes of a cache file; "" = none
    domain_response asked{}; ///< ask_account
};
/// monitor → token: nobody waits for this login any more.
struct token_drop
{
    std::uint64_t front = 0, connection = 0;
    bool whole_front = false; ///< all of this front's
};

struct listener
{
    std::string address;
    bool tls = false;
    bool operator==(const listener&) const = default;
}; ///< one descriptor each, in this order
struct front_setup
{
    std::vector<listener> listeners;
    std::string certificate_pem;
    base::secret key_pem;
    bool allow_unencrypted = false;
    bool basic = true;
    std::vector<std::string> token_schemes; ///< offered ahead of Basic
    std::uint32_t max_connections = 300, max_envelope_kb = 500, head_time_ms = 20000, body_time_ms = 120000,
                  connection_idle_ms = 600000;
    std::string product_vendor, product_version; ///< of the anonymous Identify
    std::uint8_t log_level = 1;
    std::uint32_t answer_time_ms = 90000; ///< for an answer of the user process, which then counts as dead
    bool operator==(const front_setup&) const = default;
};
struct user_setup
{
    std::string user, home, shell, machine;
    quotas limits;
    std::uint16_t http_port = 0, https_port = 0;
    bool allow_unencrypted = false, basic = true, negotiate = false, kerberos = false;
    std::string cgroup;                          ///< writable cgroup2 folder for this user's shells, "" = none
    std::string product_vendor, product_version; ///< of the authenticated Identify
    std::uint8_t log_level = 1;
    std::string powershell;  ///< its program: a path or a name, "" = "pwsh"
    bool warm_spare = false; ///< one PowerShell is started ahead
    bool operator==(const user_setup&) const = default;
};
/// One descriptor comes along: the user's end of a logged-in connection.
struct user_connection
{
    std::string peer;
    base::secret ticket{}; ///< forwarded with the login, as the bytes of a cache file; "" = none
};
struct user_status
{
    std::uint32_t shells = 0, connections = 0;
    /// user_connection frames so far, so that a status sent before the last one arrived is recognised.
    std::uint32_t taken = 0;
};
struct stop
{};
/// The front is in its sandbox and accepts connections.
struct ready
{};
/// Accept nothing more, close the listening sockets, end with the last connection.
struct drain
{};
/// What changes in a running user process after a reload; the rest of user_setup is fixed for its life.
struct user_settings
{
    std::uint8_t log_level = 1;
};
/// Heartbeat, answered by pong at any time.
struct ping
{};
struct pong
{};

/// front → user: the connection is to be closed to make room. If this request waits (a Receive, a Send without room),
/// it is answered as if its OperationTimeout had passed. No effect on a request of another number.
struct answer_now
{
    std::uint64_t number = 0;
};

using frame = std::variant<request, reply, login_request, login_answer, front_setup, user_setup, user_connection,
                           user_status, stop, ready, drain, user_settings, login_withdrawn, login_started, answer_now,
                           ping, pong, token_setup, token_step, token_answer, token_drop>;

/// Position of T in `frame`; the type byte on the wire is one more.
template <class T, std::size_t I = 0> [[nodiscard]] consteval std::size_t frame_index() noexcept
{
    if constexpr (std::is_same_v<T, std::variant_alternative_t<I, frame>>) return I;
    else return frame_index<T, I + 1>();
}

[[nodiscard]] base::bytes encode(const frame& f);
/// Without a copy of the keys in it.
[[nodiscard]] base::bytes encode(const front_setup& s);
[[nodiscard]] base::bytes encode(const token_setup& s);
[[nodiscard]] base::bytes encode(const token_step& s);
[[nodiscard]] base::bytes encode(const token_answer& a);
[[nodiscard]] base::bytes encode(const login_answer& a);
/// Head of a request or reply frame; the envelope follows it unjoined (message_socket::send(head, body)).
[[nodiscard]] base::bytes encode_head(const request& r);
[[nodiscard]] base::bytes encode_head(const reply& r);
/// nullopt: unknown type, field over its bound, bytes missing or left over.
[[nodiscard]] std::optional<frame> decode(base::bytes&& payload);

/// Largest certificate or key (PEM) that is read; both together fit a control frame.
inline constexpr std::size_t max_pem = 96 * 1024;
/// Largest token of a login: a ticket with a large PAC takes 48 KiB.
inline constexpr std::size_t max_token = 64 * 1024;
inline constexpr std::size_t max_keytab = 256 * 1024;
/// Largest NTLMv2 response that a domain is asked about: names of a host take a few hundred bytes.
inline constexpr std::size_t max_nt_response = 8 * 1024;
/// Largest payload accepted on a socket of each kind.
inline constexpr std::size_t max_control_frame = 256 * 1024;
inline constexpr std::size_t max_token_setup = 4 * 1024 * 1024; ///< and any other frame to a token process
[[nodiscard]] constexpr std::size_t max_data_frame(std::uint32_t envelope_kb) noexcept
{
    return envelope_kb * 2048ul + 64 * 1024;
}

} // namespace winrm::service::wire
