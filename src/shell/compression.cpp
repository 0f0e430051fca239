#include "shell/compression.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace winrm::shell {
namespace {

constexpr base::bytes_view no_mode = "NoCompression", xpress_mode = "XpressCompression";
constexpr std::size_t block_head = 4;

} // namespace

std::optional<compression> read_compression_type(base::bytes_view type) noexcept
{
    if (type.empty()) return compression::none;
    if (type == xpress_type) return compression::xpress;
    return std::nullopt;
}

base::bytes_view mode_name(compression c) noexcept { return c == compression::xpress ? xpress_mode : no_mode; }

compression read_mode(base::bytes_view mode) noexcept
{
    return mode.empty() || base::iequals(mode, no_mode) ? compression::none : compression::xpress;
}

std::size_t unpacked_room(std::size_t octets) noexcept
{
    return octets - std::min(octets, (octets / xpress::max_block + 1) * block_head);
}

std::vector<base::bytes> pack_blocks(compression how, std::span<outgoing_block> blocks)
{
    std::vector<base::bytes> packed;
    if (how == compression::none) return packed;
    packed.reserve(blocks.size()); // short ones live in the vector itself: it must not move
    for (outgoing_block& b : blocks) b.data = packed.emplace_back(xpress::pack(b.data));
    return packed;
}

result<void> stream_unpackers::unpack(std::vector<stream_block>& blocks, std::span<const std::string> streams,
                                      std::size_t room)
{
    for (stream_block& b : blocks) {
        // A name of the host's own would be another half block to keep.
        if (std::find(streams.begin(), streams.end(), b.stream) == streams.end())
            return error(errc::protocol, "a block of output is of a stream that was not asked for");
        base::bytes plain;
        if (auto done = by_name_[b.stream].received(b.data, room, plain); !done) return std::move(done).error();
        room -= plain.size();
        b.data = std::move(plain);
    }
    return {};
}

bool stream_unpackers::at_border() const noexcept
{
    return std::all_of(by_name_.begin(), by_name_.end(), [](const auto& entry) { return entry.second.at_border(); });
}

} // namespace winrm::shell
