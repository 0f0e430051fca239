// Lines of PowerShell's out-of-process transport: bounded, and what is read is written as the same again.
#include "psrp/out_of_proc.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace winrm;
    const base::bytes_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t half = size / 2;
    psrp::out_of_proc_reader r(4096);
    for (const base::bytes_view part : {input.substr(0, half), input.substr(half)}) {
        r.received(part);
        while (auto one = r.poll()) {
            const auto* p = std::get_if<psrp::packet>(&*one);
            if (p == nullptr) continue;
            const std::string line = psrp::write(*p);
            const auto again = psrp::read_line(base::bytes_view(line).substr(0, line.size() - 1));
            if (!std::holds_alternative<psrp::packet>(again) || std::get<psrp::packet>(again) != *p) std::abort();
        }
        if (r.held() > 4096 + 1) std::abort();
    }
    return 0;
}
