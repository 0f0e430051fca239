// Whatever a peer sends as a compressed stream: no more than there is room for comes out, in whatever pieces it came;
// and what we pack comes back.
#include "xpress/xpress.h"

#include <cstdint>
#include <cstdlib>

namespace {

using winrm::base::bytes;
using winrm::base::bytes_view;

constexpr std::size_t room = 200'000;

void require(bool holds)
{
    if (!holds) std::abort();
}

bool unpacked(bytes_view data, std::size_t piece, bytes& out)
{
    winrm::xpress::unpacker reader;
    for (; !data.empty(); data.remove_prefix(std::min(piece, data.size())))
        if (!reader.received(data.substr(0, piece), room - out.size(), out)) return false;
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes_view input(reinterpret_cast<const char*>(data), size);
    bytes whole, pieces;
    const bool read = unpacked(input, std::max<std::size_t>(size, 1), whole);
    require(read == unpacked(input, 7, pieces));
    require(whole.size() <= room);
    if (read) require(whole == pieces);

    bytes back;
    require(size > room || unpacked(winrm::xpress::pack(input), room, back));
    require(size > room || back == input);
    return 0;
}
