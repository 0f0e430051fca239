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

/// front → monitor. `connection` is the front's number, answered back.
struct login_request
{
    std::uint64_t connection = 0;
    bool tls = false;
    std::string peer;
    std::string user;
    base::secret password;
};
/// The connection has ended and needs no answer.
struct login_withdrawn
{
    std::uint64_t connection = 0;
};
enum class login_verdict : std::uint8_t { denied, accepted, unavailable };
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
    bool allow_unencrypted = false, basic = true;
    std::string cgroup;                          ///< writable cgroup2 folder for this user's shells, "" = none
    std::string product_vendor, product_version; ///< of the authenticated Identify
    std::uint8_t log_level = 1;
    bool operator==(const user_setup&) const = default;
};
/// One descriptor comes along: the user's end of a logged-in connection.
struct user_connection
{
    std::string peer;
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

using frame =
    std::variant<request, reply, login_request, login_answer, front_setup, user_setup, user_connection, user_status,
                 stop, ready, drain, user_settings, login_withdrawn, login_started, answer_now, ping, pong>;

/// Position of T in `frame`; the type byte on the wire is one more.
template <class T, std::size_t I = 0> [[nodiscard]] consteval std::size_t frame_index() noexcept
{
    if constexpr (std::is_same_v<T, std::variant_alternative_t<I, frame>>) return I;
    else return frame_index<T, I + 1>();
}

[[nodiscard]] base::bytes encode(const frame& f);
/// Without a copy of the key in it.
[[nodiscard]] base::bytes encode(const front_setup& s);
/// Head of a request or reply frame; the envelope follows it unjoined (message_socket::send(head, body)).
[[nodiscard]] base::bytes encode_head(const request& r);
[[nodiscard]] base::bytes encode_head(const reply& r);
/// nullopt: unknown type, field over its bound, bytes missing or left over.
[[nodiscard]] std::optional<frame> decode(base::bytes&& payload);

/// Largest certificate or key (PEM) that is read; both together fit a control frame.
inline constexpr std::size_t max_pem = 96 * 1024;
/// Largest payload accepted on a socket of each kind.
inline constexpr std::size_t max_control_frame = 256 * 1024;
[[nodiscard]] constexpr std::size_t max_data_frame(std::uint32_t envelope_kb) noexcept
{
    return envelope_kb * 2048ul + 64 * 1024;
}

} // namespace winrm::service::wire
