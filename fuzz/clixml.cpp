// Any input is read or refused by name within the bounds; what was read is the same after it was written and read
// again, as CLIXML and as JSON; how it was cut makes no difference; and our scanner takes nothing that expat refuses.
#include "clixml/console.h"
#include "clixml/json.h"
#include "clixml/reader.h"
#include "clixml/writer.h"
#include "xml/document.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

using namespace winrm;

namespace {

constexpr clixml::limits bounds{.depth = 40, .values = 5000, .bytes = 64ul * 1024, .recalled = 5000};
/// What is written may be longer than what was read.
constexpr clixml::limits wide{.depth = 200, .values = 100'000, .bytes = 16ul * 1024 * 1024, .recalled = 100'000};

void demand(bool good)
{
    if (!good) std::abort();
}

std::vector<std::string> in_pieces(std::string_view text, std::size_t size)
{
    clixml::reader reader(bounds);
    std::vector<std::string> out;
    for (std::size_t at = 0;; at += size) {
        const bool ended = at >= text.size();
        if (ended) reader.end_of_stream();
        else reader.received(text.substr(at, size));
        for (;;) {
            const auto next = reader.poll();
            if (!next) {
                // Where one piece more than the bound is given at once, it is not looked at for its size.
                out.push_back(next.error().code() == errc::too_large ? "large" : "!" + next.error().message());
                return out;
            }
            if (!*next) break;
            out.push_back(std::string((*next)->stream.view()) + clixml::write((*next)->content));
        }
        if (ended) return out;
    }
}

std::string filtered(std::string_view text, std::size_t size)
{
    clixml::console_filter filter(bounds);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += size) out += filter.pass(text.substr(at, size));
    return out + filter.flush();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto first = clixml::read(text, bounds);
    if (first) {
        const auto again = clixml::read(clixml::write(*first), wide);
        demand(again.has_value());
        demand(clixml::write(*again) == clixml::write(*first));
        const auto by_json = clixml::from_json(clixml::to_json(*first), wide);
        demand(by_json.has_value());
        demand(clixml::write(*by_json) == clixml::write(*first));
        static_cast<void>(clixml::to_text(*first));
        static_cast<void>(clixml::to_json(*first, {.plain = true}));
        base::limits limits;
        // Between documents a heading and a byte-order mark may stand.
        const bool one =
            text.find("#< CLIXML") == std::string_view::npos && text.find("\xEF\xBB\xBF") == std::string_view::npos;
        if (text.starts_with('<') && one) demand(xml::document::parse(text, limits).has_value());
    } else {
        demand(first.error().code() == errc::protocol || first.error().code() == errc::too_large);
    }
    // Of UTF-16 that ends in something else, the pieces before are good.
    const bool wide_text = text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
    if (size < 4096 && !wide_text) {
        const auto whole = in_pieces(text, size + 1);
        if (whole.empty() || whole.back() != "large") demand(in_pieces(text, 5) == whole);
        const std::string shown = filtered(text, size + 1);
        demand(filtered(text, 7) == shown);
        if (text.find("#< CLIXML") == std::string_view::npos) demand(shown == text);
    }
    const auto json = clixml::from_json(text, bounds);
    if (json) demand(clixml::from_json(clixml::to_json(*json), wide).has_value());
    return 0;
}
