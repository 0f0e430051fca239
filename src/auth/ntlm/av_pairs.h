// Attribute and value pairs (MS-NLMP 2.2.2.1): what a host says of itself, and what a client says within its proof.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace winrm::auth::ntlm {

enum class av_id : std::uint16_t {
    eol = 0,
    nb_computer_name = 1,
    nb_domain_name = 2,
    dns_computer_name = 3,
    dns_domain_name = 4,
    dns_tree_name = 5,
    flags = 6,
    timestamp = 7,
    single_host = 8,
    target_name = 9,
    channel_bindings = 10
};

namespace av_flag {
inline constexpr std::uint32_t mic_present = 2;
inline constexpr std::uint32_t target_name_unverified = 4;
} // namespace av_flag

struct av_pair
{
    av_id id;
    base::bytes_view value;
};

/// A list that was read. Views into the bytes it was read from.
class av_pairs
{
public:
    /// nullopt: no end mark, a value that reaches beyond the bytes, an id twice, more than 32 pairs, or a value of
    /// known length that has another. What follows the end mark is not looked at (Windows adds bytes there).
    [[nodiscard]] static std::optional<av_pairs> read(base::bytes_view bytes);

    [[nodiscard]] const std::vector<av_pair>& all() const noexcept { return pairs_; }
    [[nodiscard]] std::optional<base::bytes_view> find(av_id id) const noexcept;
    /// MsvAvFlags, 0 if there are none.
    [[nodiscard]] std::uint32_t flags() const noexcept;
    /// MsvAvTimestamp: 100 ns since 1601.
    [[nodiscard]] std::optional<std::uint64_t> timestamp() const noexcept;
    /// A name as UTF-8; "" if it is not there or is no text.
    [[nodiscard]] std::string name(av_id id) const;

private:
    std::vector<av_pair> pairs_;
};

/// @pre    value is at most 65535 bytes
void add_av_pair(base::bytes& list, av_id id, base::bytes_view value);

} // namespace winrm::auth::ntlm
