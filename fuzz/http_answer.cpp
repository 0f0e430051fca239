// Whatever a host answers, a client_connection ends in one answer or one named error, never larger than allowed, and
// the same one whether the bytes come whole or one by one.
#include "http/client_connection.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace winrm;

constexpr std::size_t max_body = 4096;

std::string outcome(std::string_view text, std::size_t step)
{
    http::client_options options;
    options.host = "h";
    options.max_body = max_body;
    http::client_connection connection{std::move(options), {}};
    connection.start("<ask/>", "application/soap+xml");
    connection.written(connection.output().size());
    for (std::size_t at = 0; at < text.size(); at += step) connection.received(text.substr(at, step));
    connection.end_of_stream();
    auto got = connection.poll();
    if (!got || connection.poll()) std::abort();
    if (!*got) return to_string(got->error());
    const http::response& r = got->value();
    if (r.body.size() > max_body || r.status < 200 || r.keep_alive) std::abort();
    std::string out =
        std::to_string(r.status) + r.media_type + '|' + r.charset + '|' + r.server + '|' + r.reason + '|' + r.body;
    for (const auto& c : r.challenges) out += '|' + c;
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (outcome(text, size + 1) != outcome(text, 1)) std::abort();
    return 0;
}
