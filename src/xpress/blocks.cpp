#include "xpress/xpress.h"

#include <algorithm>
#include <utility>

namespace winrm::xpress {
namespace {

constexpr std::size_t head_size = 4;

void put_length(base::bytes& out, std::size_t length)
{
    out.push_back(static_cast<char>((length - 1) & 0xFF));
    out.push_back(static_cast<char>((length - 1) >> 8 & 0xFF));
}

std::size_t length_at(base::bytes_view data, std::size_t at) noexcept
{
    const auto octet = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(data[i])}; };
    return (octet(at) | octet(at + 1) << 8) + 1;
}

} // namespace

base::bytes pack(base::bytes_view data)
{
    base::bytes out;
    for (; !data.empty(); data.remove_prefix(std::min(data.size(), max_block))) {
        const auto block = data.substr(0, max_block);
        base::bytes packed;
        if (block.size() >= min_compressed) packed = compress(block);
        const bool as_is = packed.empty() || packed.size() >= block.size();
        const auto stored = as_is ? block : base::bytes_view(packed);
        put_length(out, block.size());
        put_length(out, stored.size());
        out.append(stored);
    }
    return out;
}

/// Octets of `data` that were whole blocks.
result<std::size_t> unpacker::unpack(base::bytes_view data, std::size_t room, base::bytes& out)
{
    std::size_t at = 0;
    const auto old = out.size();
    while (data.size() - at >= head_size) {
        const auto original = length_at(data, at), stored = length_at(data, at + 2);
        if (stored > original)
            return winrm::error(errc::protocol, "compressed stream: a block is longer than what it holds");
        if (original > room - (out.size() - old))
            return winrm::error(errc::too_large, "compressed stream: it unpacks to more than is taken at once");
        if (data.size() - at - head_size < stored) break;
        const auto block = data.substr(at + head_size, stored);
        if (stored == original) out.append(block);
        else if (auto done = decompress(block, original, out); !done) return std::move(done).error();
        at += head_size + stored;
    }
    return at;
}

result<void> unpacker::received(base::bytes_view data, std::size_t room, base::bytes& out)
{
    if (!held_.empty()) {
        held_.append(data);
        data = held_;
    }
    auto read = unpack(data, room, out);
    if (!read) return std::move(read).error();
    held_ = base::bytes(data.substr(*read));
    return {};
}

} // namespace winrm::xpress
