// Sealing of messages with the keys of a finished login, in place. One object per connection, both directions.
#pragma once

#include "base/uuid.h"

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

namespace winrm::auth {

/// Fills the span with bytes nobody can guess.
using random_source = std::function<void(std::span<unsigned char>)>;
/// From a source in the form that the rest of us use.
[[nodiscard]] inline random_source random_from(base::random_source source)
{
    return [source = std::move(source)](std::span<unsigned char> out) {
        source(reinterpret_cast<char*>(out.data()), out.size());
    };
}

/// Bytes that a sealed message takes beside its clear text.
struct seal_room
{
    std::size_t header = 0; ///< in front; WinRM's four-byte length says it
    std::size_t pad = 0;    ///< behind
};

/// Why a message did not open. For logs; the peer hears nothing, its connection is closed.
enum class seal_failure {
    none,
    dead,            ///< an earlier message failed: keys and sequence are of no more use
    malformed,       ///< too short, or lengths that cannot be
    wrong_token,     ///< not a sealed message of this mechanism and cipher
    wrong_direction, ///< our own message come back
    wrong_key,       ///< sealed with another of the context's keys
    out_of_sequence, ///< replayed, missing or reordered: one connection has no gaps
    bad_mac          ///< changed on its way, or sealed with other keys
};
[[nodiscard]] constexpr std::string_view name(seal_failure failure) noexcept
{
    switch (failure) {
    case seal_failure::none: return "none";
    case seal_failure::dead: return "dead";
    case seal_failure::malformed: return "malformed";
    case seal_failure::wrong_token: return "wrong_token";
    case seal_failure::wrong_direction: return "wrong_direction";
    case seal_failure::wrong_key: return "wrong_key";
    case seal_failure::out_of_sequence: return "out_of_sequence";
    case seal_failure::bad_mac: return "bad_mac";
    }
    return {};
}

struct unsealed
{
    seal_failure failed = seal_failure::none;
    std::span<char> clear; ///< into the token; empty after a failure
    std::size_t pad = 0;   ///< bytes behind the clear text that were removed; some peers count them as its length
};

class message_sealer
{
public:
    message_sealer() = default;
    message_sealer(const message_sealer&) = delete;
    message_sealer& operator=(const message_sealer&) = delete;
    virtual ~message_sealer() = default;

    /// For users: "AES-256", "RC4". Static storage.
    [[nodiscard]] virtual std::string_view cipher() const noexcept = 0;
    /// For a clear text of this many bytes.
    [[nodiscard]] virtual seal_room room(std::size_t clear) const noexcept = 0;
    /// `token`: room for the header, clear text, room for the pad, sized by room(). false: dead or too short, nothing
    /// is sealed.
    [[nodiscard]] virtual bool seal(std::span<char> token) = 0;
    /// `token`: header and sealed data as they arrived. After a failure the object is dead in both directions and the
    /// token's bytes are overwritten.
    [[nodiscard]] virtual unsealed unseal(std::span<char> token) = 0;
};

} // namespace winrm::auth
