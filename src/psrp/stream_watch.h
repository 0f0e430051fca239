// Looks at PSRP bytes that pass by, without keeping or changing them: fragment headers, message headers, and the one
// integer of the two messages that tell a state (MS-PSRP 2.2.1, 2.2.2.4, 2.2.2.21, 2.2.4). Pure; memory is a few dozen
// octets for each stream.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace winrm::psrp {

/// A message whose last octet has passed.
struct watched_message
{
    std::uint32_t type = 0;            ///< MessageType
    std::uint64_t size = 0;            ///< octets, header included
    std::optional<std::int32_t> state; ///< PipelineState or RunspaceState, where the message has it
    friend bool operator==(const watched_message&, const watched_message&) = default;
};

namespace watched_type {
inline constexpr std::uint32_t session_capability = 0x00010002, init_runspacepool = 0x00010004,
                               runspacepool_state = 0x00021005, application_private_data = 0x00021009,
                               pipeline_state = 0x00041006;
} // namespace watched_type

/// PSInvocationState of MS-PSRP 2.2.3.5: it changes no more.
[[nodiscard]] constexpr bool is_final_pipeline_state(std::int32_t state) noexcept { return state >= 3 && state <= 5; }
/// RunspacePoolState of MS-PSRP 2.2.3.4: Closed or Broken.
[[nodiscard]] constexpr bool is_final_pool_state(std::int32_t state) noexcept { return state == 3 || state == 5; }

class stream_watch
{
public:
    /// @param max_message  octets of one message, 0 = any
    explicit stream_watch(std::uint64_t max_message = 0) : max_message_(max_message) {}

    /// The next octets of one stream, cut anywhere.
    /// @return false, now and from then on: no PSRP (a fragment out of order, of length 0 in the middle of a message, a
    /// message shorter than its header or longer than allowed). Nothing is told after that.
    bool pass(base::bytes_view bytes);
    [[nodiscard]] std::optional<watched_message> poll();
    /// Between two messages: the next octet begins one.
    [[nodiscard]] bool at_border() const noexcept { return header_.empty() && left_ == 0 && !inside_; }

private:
    bool begin_fragment();
    void take_data(base::bytes_view data);
    void look_for_state(base::bytes_view data);
    bool end_fragment();

    std::uint64_t max_message_;
    std::string header_; ///< of the fragment, as far as it is there
    std::uint64_t object_ = 0, next_fragment_ = 0;
    std::uint32_t left_ = 0; ///< octets of the fragment's blob still to pass
    bool inside_ = false;    ///< a message has begun and not ended
    bool last_ = false;      ///< this fragment ends it
    bool failed_ = false;
    std::string message_header_; ///< its first 40 octets, as far as they are there
    std::string window_;         ///< end of the data seen so far, in which the state may have begun
    bool decided_ = false;       ///< the message's state was read, or cannot be
    watched_message message_;
    std::deque<watched_message> ready_;
};

} // namespace winrm::psrp
