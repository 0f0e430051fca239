// Frames between monitor, front and user processes: pure encoding over io::message_socket. Fixed little-endian
// integers, strings with a 32-bit length, every field bounded; a frame that does not parse exactly to its end is
// refused.
//
// monitor → front: setup (once: settings, TLS key, listening sockets), login_started, login_answer (with a descriptor
// if accepted), ping, drain, stop.
//
// front → monitor: ready (once: in its sandbox, and accepting), login_request, login_withdrawn, pong.
//
// monitor → user: setup (once), settings (what changes while it runs), connection (with a descriptor), ping, stop.
//
// user → monitor: status (that it has begun; live shells and connections, by which an idle process can be ended), pong.
//
// front ↔ user: request and reply, on one socket pair per logged-in connection; answer_now from the front.
#pragma once

#include "base/bytes.h"
#include "base/duration.h"
#include "base/secret.h"

#include <cstdint>
#include <optional>
#include <string>
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

/// front → monitor. `connection` is the front's number, answered back.
struct login_request
{
    std::uint64_t connection = 0;
    bool tls = false;
    std::string peer;
    std::string user;
    base::secret password;
};
/// The connection that asked has ended: nobody waits for the answer.
struct login_withdrawn
{
    std::uint64_t connection = 0;
};
enum class login_verdict : std::uint8_t { denied, accepted, unavailable };
/// The password is being looked at: whoever needs a place should leave this one alone.
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
};

struct listener
{
    std::string address;
    bool tls = false;
}; ///< one descriptor each, in this order
struct front_setup
{
    std::vector<listener> listeners;
    std::string certificate_pem;
    base::secret key_pem;
    bool allow_unencrypted = false;
    bool basic = true;
    std::uint32_t max_connections = 300, max_envelope_kb = 500, head_time_ms = 20000, body_time_ms = 120000,
                  idle_time_ms = 600000;
    std::string product_vendor, product_version; ///< of the anonymous Identify
    std::uint8_t log_level = 1;
    std::uint32_t answer_time_ms = 90000; ///< the user process's, for an answer; after that it counts as dead
};
struct user_setup
{
    std::string user, home, shell, machine;
    std::uint32_t max_envelope_kb = 500, max_timeout_ms = 60000, idle_timeout_ms = 7200000, max_lifetime_ms = 0;
    std::uint32_t max_shells = 30, max_commands_per_shell = 15, max_operations = 1500, max_command_line = 8191;
    std::uint32_t output_budget_kb = 1024, max_processes_per_shell = 0, max_memory_per_shell_mb = 0,
                  enumeration_timeout_ms = 240000;
    std::uint32_t max_connections = 300, body_time_s = 120, max_concurrent_users = 10;
    std::uint16_t http_port = 0, https_port = 0;
    bool allow_unencrypted = false, basic = true;
    std::string cgroup;                          ///< writable cgroup2 folder for this user's shells, "" = none
    std::string product_vendor, product_version; ///< of the authenticated Identify
    std::uint8_t log_level = 1;
};
/// One descriptor comes along: the user's end of a logged-in connection.
struct user_connection
{
    std::string peer;
};
struct user_status
{
    std::uint32_t shells = 0, connections = 0;
    /// user_connection frames so far: a status that crossed one on the way is recognised by it.
    std::uint32_t taken = 0;
};
struct stop
{};
/// The front is in its sandbox and accepts connections.
struct ready
{};
/// Accept nothing more, let go of the listening sockets, end with the last connection.
struct drain
{};
/// What a running user process takes over after a reload; all else of user_setup holds as long as it lives.
struct user_settings
{
    std::uint8_t log_level = 1;
};
/// Are you there? Answered by pong, at any time.
struct ping
{};
struct pong
{};

/// front → user: the connection's place is needed. What waits (a Receive, a Send without room) is answered as if its
/// OperationTimeout had passed. Of no effect on any other request than the one of this number.
struct answer_now
{
    std::uint64_t number = 0;
};

using frame =
    std::variant<request, reply, login_request, login_answer, front_setup, user_setup, user_connection, user_status,
                 stop, ready, drain, user_settings, login_withdrawn, login_started, answer_now, ping, pong>;

[[nodiscard]] base::bytes encode(const frame& f);
/// Head of a request or reply frame; the envelope follows it unjoined (message_socket::send(head, body)).
[[nodiscard]] base::bytes encode_head(const request& r);
[[nodiscard]] base::bytes encode_head(const reply& r);
/// nullopt: unknown type, field over its bound, bytes missing or left over.
[[nodiscard]] std::optional<frame> decode(base::bytes&& payload);

/// Largest payload accepted on a socket of each kind.
inline constexpr std::size_t max_control_frame = 256 * 1024;
[[nodiscard]] constexpr std::size_t max_data_frame(std::uint32_t envelope_kb) noexcept
{
    return envelope_kb * 2048ul + 64 * 1024;
}

} // namespace winrm::service::wire
