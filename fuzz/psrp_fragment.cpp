// PSRP fragments: whatever comes, memory is bounded, and it does not matter in which pieces it comes.
#include "psrp/fragment.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace winrm;

namespace {

constexpr psrp::fragment_limits limits{.blob = 200, .message = 1000};

std::vector<std::string> messages(base::bytes_view input, std::size_t piece, bool& failed)
{
    psrp::defragmenter d{limits};
    std::vector<std::string> out;
    for (std::size_t at = 0; at < input.size() && !failed; at += piece) {
        failed = !d.push(input.substr(at, piece));
        while (auto m = d.poll()) out.push_back(std::move(*m));
        if (d.size() > limits.message + limits.blob + psrp::fragment_header_size + piece) std::abort();
    }
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const base::bytes_view input{reinterpret_cast<const char*>(data), size};
    bool whole_failed = false, bytes_failed = false;
    const auto whole = messages(input, size + 1, whole_failed);
    const auto bytes = messages(input, 1, bytes_failed);
    if (whole != bytes || whole_failed != bytes_failed) std::abort();

    psrp::fragmenter f;
    for (std::size_t i = 0; i < whole.size(); ++i) f.push(i + 1, whole[i]);
    std::string wire;
    while (!f.empty()) wire += f.take(100);
    bool failed = false;
    if (messages(wire, 7, failed) != whole || failed) std::abort();
    return 0;
}
