#include "xpress/chain.h"

#include "xpress/block.h"

#include <algorithm>

namespace winrm::xpress {
namespace {

constexpr std::size_t head_size = 4;
// Windows packs nothing shorter: the table of code lengths alone has 256 octets.
constexpr std::size_t least_packed = 266;

void put16(std::size_t value, base::bytes& out)
{
    out += static_cast<char>(value & 0xFFU);
    out += static_cast<char>((value >> 8U) & 0xFFU);
}

std::size_t get16(base::bytes_view at)
{
    return static_cast<unsigned char>(at[0]) | static_cast<std::size_t>(static_cast<unsigned char>(at[1])) << 8U;
}

} // namespace

base::bytes compress(base::bytes_view data)
{
    base::bytes out;
    while (!data.empty()) {
        const base::bytes_view block = data.substr(0, largest_block);
        data.remove_prefix(block.size());
        base::bytes packed;
        if (block.size() >= least_packed) packed = compress_block(block);
        const bool shorter = !packed.empty() && packed.size() < block.size();
        const base::bytes_view content = shorter ? base::bytes_view{packed} : block;
        put16(block.size() - 1, out);
        put16(content.size() - 1, out);
        out += content;
    }
    return out;
}

result<base::bytes> decompress(base::bytes_view chain, std::size_t limit)
{
    base::bytes out;
    while (!chain.empty()) {
        if (chain.size() < head_size) return error{errc::protocol, "a compressed stream is cut in the head of a block"};
        const std::size_t original = get16(chain) + 1;
        const std::size_t packed = get16(chain.substr(2)) + 1;
        chain.remove_prefix(head_size);
        if (packed > chain.size()) return error{errc::protocol, "a compressed stream is cut in a block"};
        if (original > limit - out.size())
            return error{errc::too_large, "a compressed stream holds more than the limit"};
        if (packed == original) {
            out += chain.substr(0, packed);
        } else {
            const auto block = decompress_block(chain.substr(0, packed), original);
            if (!block) return error{errc::protocol, "a block of a compressed stream is not valid"};
            out += *block;
        }
        chain.remove_prefix(packed);
    }
    return out;
}

} // namespace winrm::xpress
