#include "cli/text.h"

#include "base/spelling.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace winrm::cli {
namespace {

constexpr std::int64_t longest_time = 24LL * 24 * 3600 * 1000;

struct unit
{
    base::bytes_view name;
    std::int64_t milliseconds;
};
constexpr std::array<unit, 5> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

char fold(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Bytes that the character starting with `lead` has; 0 = no character starts so.
std::size_t sequence_length(unsigned char lead) noexcept
{
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

void show_control(unsigned char c, std::string& out)
{
    if (c >= 0x80) {
        out += "M-";
        c = static_cast<unsigned char>(c & 0x7F);
    }
    out += '^';
    out += static_cast<char>(c ^ 0x40);
}

constexpr base::bytes_view replacement = "\xEF\xBF\xBD";

/// One character of length > 1, whole and checked.
void pass_character(base::bytes_view c, std::string& out)
{
    if (!base::is_utf8(c)) out += replacement;
    else if (c[0] == '\xC2' && static_cast<unsigned char>(c[1]) < 0xA0)
        show_control(static_cast<unsigned char>(c[1]), out);
    else out += c;
}

} // namespace

std::optional<base::milliseconds> parse_time(base::bytes_view text) noexcept
{
    if (text.empty() || text.size() > 40) return std::nullopt;
    std::int64_t sum = 0;
    std::int64_t last_unit = longest_time;
    bool bare = true;
    while (!text.empty()) {
        std::size_t digits = 0;
        std::int64_t value = 0;
        while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
            value = value * 10 + (text[digits++] - '0');
            if (value > longest_time) return std::nullopt;
        }
        if (digits == 0) return std::nullopt;
        text.remove_prefix(digits);
        std::size_t letters = 0;
        while (letters < text.size() && (text[letters] < '0' || text[letters] > '9')) ++letters;
        const auto name = letters == 0 && bare && text.empty() ? base::bytes_view("s") : text.substr(0, letters);
        const auto found = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == name; });
        // Larger units first and each once: "30s5m" is rather a slip than a time.
        if (found == units.end() || found->milliseconds >= last_unit) return std::nullopt;
        last_unit = found->milliseconds;
        if (value > longest_time / found->milliseconds) return std::nullopt;
        sum += value * found->milliseconds;
        if (sum > longest_time) return std::nullopt;
        text.remove_prefix(letters);
        bare = false;
    }
    return base::milliseconds(sum);
}

std::string format_time(base::milliseconds value)
{
    const std::int64_t n = value.count();
    if (n == 0) return "0s";
    for (auto u = units.rbegin(); u != units.rend(); ++u) {
        if (n % u->milliseconds == 0) return std::to_string(n / u->milliseconds) + std::string(u->name);
    }
    return std::to_string(n) + "ms";
}

bool glob_match(base::bytes_view pattern, base::bytes_view text) noexcept
{
    std::size_t p = 0, t = 0, star = base::bytes_view::npos, mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || fold(pattern[p]) == fold(text[t]))) {
            ++p;
            ++t;
        } else if (star != base::bytes_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

std::string nearest(base::bytes_view typed, const std::vector<std::string>& known)
{
    if (typed.empty() || typed.size() > 64) return {};
    std::string best;
    std::size_t least = std::max<std::size_t>(1, typed.size() / 3) + 1;
    for (const auto& word : known) {
        const std::size_t d = base::edit_distance(typed, word);
        if (d < least && d < word.size()) {
            least = d;
            best = word;
        }
    }
    return best;
}

std::string terminal_filter::pass(base::bytes_view piece)
{
    std::string joined;
    if (!kept_.empty()) {
        joined = std::exchange(kept_, {});
        joined += piece;
        piece = joined;
    }
    std::string out;
    out.reserve(piece.size());
    for (std::size_t i = 0; i < piece.size();) {
        const auto c = static_cast<unsigned char>(piece[i]);
        if (c < 0x80) {
            const bool safe = (c >= 0x20 && c != 0x7F) || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\a';
            if (safe) out += piece[i];
            else show_control(c, out);
            ++i;
            continue;
        }
        const std::size_t length = sequence_length(c);
        if (length == 0) {
            out += replacement;
            ++i;
            continue;
        }
        std::size_t have = 1;
        while (have < length && i + have < piece.size() && is_continuation(piece[i + have])) ++have;
        if (have < length && i + have == piece.size()) { // the rest may come with the next piece
            kept_ = piece.substr(i);
            break;
        }
        if (have < length) out += replacement;
        else pass_character(piece.substr(i, length), out);
        i += have;
    }
    return out;
}

std::string terminal_filter::flush()
{
    if (kept_.empty()) return {};
    kept_.clear();
    return std::string(replacement);
}

} // namespace winrm::cli
