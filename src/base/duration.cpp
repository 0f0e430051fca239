#include "base/duration.h"

#include <algorithm>
#include <cstdint>

namespace winrm::base {
namespace {

constexpr std::uint64_t max_ms = std::uint64_t{2400} * 24 * 3600 * 1000; // see duration.h

struct number
{
    std::uint64_t whole = 0; ///< at most max_ms + 1
    std::uint64_t thousandths = 0;
    bool fraction = false;
};

// Digits, then perhaps '.' and digits. Digits after the third are checked and dropped.
std::optional<number> take_number(bytes_view& text)
{
    const auto digit = [&] { return !text.empty() && text.front() >= '0' && text.front() <= '9'; };
    const auto next = [&] {
        const auto v = static_cast<std::uint64_t>(text.front() - '0');
        text.remove_prefix(1);
        return v;
    };
    number n;
    if (!digit()) return std::nullopt;
    while (digit()) n.whole = std::min(n.whole * 10 + next(), max_ms + 1);
    if (text.empty() || text.front() != '.') return n;
    text.remove_prefix(1);
    n.fraction = true;
    if (!digit()) return std::nullopt;
    for (std::uint64_t scale = 100; digit(); scale /= 10) n.thousandths += next() * scale;
    return n;
}

struct unit
{
    char letter;
    std::uint64_t ms; // 0: of no fixed length
    bool time;        // stands after 'T'
};
constexpr unit units[] = {{'Y', 0, false},        {'M', 0, false},     {'D', 86'400'000, false},
                          {'H', 3'600'000, true}, {'M', 60'000, true}, {'S', 1000, true}};

} // namespace

std::optional<milliseconds> parse_duration(bytes_view text) noexcept
{
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (!text.starts_with('P')) return std::nullopt;
    text.remove_prefix(1);
    bool in_time = false;
    bool any = false; // a part since 'P' or since 'T': neither may stand alone
    std::uint64_t total = 0;
    std::size_t next = 0;
    while (!text.empty()) {
        if (text.front() == 'T') {
            if (in_time) return std::nullopt;
            in_time = true;
            any = false;
            text.remove_prefix(1);
            continue;
        }
        const auto n = take_number(text);
        if (!n || text.empty()) return std::nullopt;
        while (next < std::size(units) && (units[next].letter != text.front() || units[next].time != in_time)) ++next;
        if (next == std::size(units) || (n->fraction && text.front() != 'S')) return std::nullopt;
        const unit& u = units[next++];
        if (u.ms == 0 && n->whole != 0) return std::nullopt;
        const bool beyond = u.ms != 0 && n->whole > max_ms / u.ms;
        total = std::min(beyond ? max_ms : total + n->whole * u.ms + n->thousandths, max_ms);
        any = true;
        text.remove_prefix(1);
    }
    if (!any || (negative && total != 0)) return std::nullopt;
    return milliseconds{static_cast<milliseconds::rep>(total)};
}

std::string format_duration(milliseconds value)
{
    const auto ms = static_cast<std::uint64_t>(value.count() < 0 ? 0 : value.count());
    const std::string part = std::to_string(ms % 1000);
    return "PT" + std::to_string(ms / 1000) + '.' + std::string(3 - part.size(), '0') + part + 'S';
}

std::string in_seconds(milliseconds value)
{
    std::string text = std::to_string(value.count() / 1000);
    if (const auto rest = value.count() % 1000; rest != 0) {
        text += '.' + std::to_string(1000 + rest).substr(1);
        text.erase(text.find_last_not_of('0') + 1);
    }
    return text + " s";
}

} // namespace winrm::base
