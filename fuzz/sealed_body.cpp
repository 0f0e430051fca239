// Any body is refused or read within its own bytes and limits, whatever it says of its lengths; and every clear text
// that is framed is found again.
#include "http/sealed_body.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace winrm::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t limit = 4096;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(parse_sealed_content_type(input));

    std::string body(input);
    const sealed_body got = parse_sealed_body(body, limit);
    if (got.refused == sealed_refusal::none) {
        const char* end = body.data() + body.size();
        if (got.token.data() < body.data() || got.token.data() + got.token.size() > end) std::abort();
        if (got.original_length > limit || got.header_size > got.token.size()) std::abort();
        std::fill(got.token.begin(), got.token.end(), 'x'); // as an opening cipher does
    }

    if (size > limit) return 0;
    sealed_body_writer writer(sealed_protocol::spnego, input, {size % 64, size % 2});
    std::string framed = std::move(writer).finish();
    const sealed_body again = parse_sealed_body(framed, limit + 1);
    if (again.refused != sealed_refusal::none || again.header_size != size % 64) std::abort();
    if (std::string_view(again.token.data(), again.token.size()).substr(again.header_size, size) != input) std::abort();
    return 0;
}
