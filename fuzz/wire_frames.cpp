// Property: what decodes encodes to the same bytes; everything else is refused without harm.
#include "service/wire/frames.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size)
{
    const winrm::base::bytes in(reinterpret_cast<const char*>(data), size);
    const auto frame = winrm::service::wire::decode(winrm::base::bytes{in});
    if (frame && winrm::service::wire::encode(*frame) != in) std::abort();
    return 0;
}
