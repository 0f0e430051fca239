// Any text decodes or is refused without a trace, and every encoding decodes to what was encoded.
#include "base/base64.h"

#include <cstdint>
#include <cstdlib>

using namespace winrm::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const bytes_view input(reinterpret_cast<const char*>(data), size);
    std::string out = "kept";
    if (base64_decode(input, out)) {
        // Text has one canonical form: decoding that one again gives the same bytes.
        std::string again = "kept";
        if (!base64_decode(base64_encode(bytes_view(out).substr(4)), again) || again != out) std::abort();
    } else if (out != "kept") {
        std::abort();
    }
    std::string back;
    if (!base64_decode(base64_encode(input), back) || back != input) std::abort();
    return 0;
}
