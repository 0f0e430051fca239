// Compression of a shell's streams, CompressionType "xpress" (MS-WSMV 3.2.4.1.19 with its note on Windows' behaviour):
// LZ77+Huffman of MS-XCA 2.1 and 2.2, in a chain of blocks that hold 64 KiB at most. Pure; constant memory but for
// what it is given and gives.
//
//     block = uint16 LE original length - 1, uint16 LE stored length - 1, stored octets
//
// Both lengths equal: the octets are stored as they are.
#pragma once

#include "base/bytes.h"
#include <winrm/result.h>

#include <cstddef>

namespace winrm::xpress {

/// Of the original octets of one block.
constexpr std::size_t max_block = 65'536;
/// Smaller data is stored as it is: the table of codes alone has 256 octets.
constexpr std::size_t min_compressed = 266;

/// MS-XCA 2.1 of one block's octets, 1 to max_block of them.
[[nodiscard]] base::bytes compress(base::bytes_view data);
/// MS-XCA 2.2. Appends exactly `size` octets (1 to max_block) to `out`; after an error what is behind its old end is
/// undefined.
/// @errors protocol: no complete prefix code, a match before the start or beyond the end, data that ends too soon.
[[nodiscard]] result<void> decompress(base::bytes_view packed, std::size_t size, base::bytes& out);

/// The chain of blocks for the octets of one Stream element; empty for none.
[[nodiscard]] base::bytes pack(base::bytes_view data);

/// Reads a chain of blocks as it comes; a block may go on in the next Stream element.
class unpacker
{
public:
    /// Appends what is complete to `out`, at most `room` octets in this call: a small message cannot become a large one
    /// beyond that.
    /// @errors too_large, before anything of the block that would be too much is unpacked; protocol. Then the
    ///         stream cannot be read any further.
    [[nodiscard]] result<void> received(base::bytes_view data, std::size_t room, base::bytes& out);
    /// False: a block has begun, and its end has not come.
    [[nodiscard]] bool at_border() const noexcept { return held_.empty(); }

private:
    [[nodiscard]] result<std::size_t> unpack(base::bytes_view data, std::size_t room, base::bytes& out);

    base::bytes held_; ///< the beginning of a block, less than one
};

} // namespace winrm::xpress
