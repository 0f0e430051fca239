// A compressed stream: at most the limit comes out, and what came out is packed and unpacked as the same.
#include "xpress/chain.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace winrm;
    constexpr std::size_t limit = 200'000;
    const base::bytes_view input{reinterpret_cast<const char*>(data), size};
    const auto got = xpress::decompress(input, limit);
    if (got && got->size() > limit) std::abort();
    for (const base::bytes_view clear : {input, got ? base::bytes_view{*got} : base::bytes_view{}}) {
        const auto back = xpress::decompress(xpress::compress(clear), clear.size());
        if (!back || *back != clear) std::abort();
    }
    return 0;
}
