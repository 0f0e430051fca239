// Whatever a host answers, read_answer gives a reply or one error whose words are bounded and printable, and nothing
// that stands in a field of the head that is secret is left by redact_answer.
#include "client/answer.h"
#include "base/text.h"
#include "client/redact.h"

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

namespace {

using namespace winrm;

/// The first byte chooses status and type, the rest is head or body.
constexpr int statuses[] = {200, 500, 400, 404, 302, 503};
constexpr const char* types[] = {"application/soap+xml", "text/html"};
constexpr std::string_view secret = "7f3a9c";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const base::limits limits;
    http::response answer;
    answer.status = statuses[data[0] % std::size(statuses)];
    answer.media_type = types[data[0] / 128];
    answer.body = text;
    answer.location = text.substr(0, 300);
    const auto got = remote::read_answer(std::move(answer), {"ada", "Negotiate", true, "", limits});
    if (!got) {
        const auto& e = got.error();
        if (e.message().size() > 1000 || e.peer_text().size() > 1000) std::abort();
        if (base::printable(e.peer_text(), 1000) != e.peer_text()) std::abort();
    }
    static_cast<void>(remote::redact_answer(text));
    std::string field(text);
    std::erase_if(field, [](char c) { return c == '\r' || c == '\n'; });
    const std::string head = field + "\r\nSet-Cookie: " + std::string(secret) + "\r\n";
    const bool ends_before = field.empty(); // the empty line ends a head
    if (!ends_before && field.find(secret) == std::string::npos &&
        remote::redact_answer(head).find(secret) != std::string::npos)
        std::abort();
    return 0;
}
