#include "base/text.h"

#include "base/utf8_step.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace winrm::base {
namespace {

constexpr char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Characters that change how the text around them is shown: controls, line and paragraph separators, direction marks.
constexpr bool is_unsafe(char32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_hex(std::string& out, bytes_view raw)
{
    constexpr char digits[] = "0123456789abcdef";
    for (const char c : raw) {
        const auto v = static_cast<unsigned char>(c);
        out += "\\x";
        out += digits[v >> 4U];
        out += digits[v & 15U];
    }
}

} // namespace

bool is_utf8(bytes_view text) noexcept
{
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        if (end - p >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, p, 8);
            if ((eight & 0x8080808080808080U) == 0) {
                p += 8;
                continue;
            }
        }
        const utf8_step step = decode_utf8(p, end);
        if (step.size == 0) return false;
        p += step.size;
    }
    return true;
}

std::size_t utf8_cut(bytes_view text, std::size_t limit) noexcept
{
    if (limit >= text.size()) return text.size();
    // A sequence is at most four bytes: the cut is good unless a sequence that starts in the last three bytes crosses
    // it.
    for (std::size_t back = 1; back <= 3 && back <= limit; ++back) {
        const char* const p = text.data() + (limit - back);
        if ((static_cast<unsigned char>(*p) & 0xC0U) == 0x80U) continue;
        const utf8_step step = decode_utf8(p, text.data() + text.size());
        if (step.size > back) return limit - back;
        break;
    }
    return limit;
}

std::string printable(bytes_view text, std::size_t max)
{
    constexpr bytes_view ellipsis = "…";
    const bool cut = text.size() > max;
    if (cut) text = text.substr(0, utf8_cut(text, max));
    std::string out;
    out.reserve(text.size() + (cut ? ellipsis.size() : 0));
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        const utf8_step step = decode_utf8(p, end);
        const std::size_t size = step.size == 0 ? 1 : step.size;
        if (step.size == 0 || is_unsafe(step.code_point)) append_hex(out, {p, size});
        else out.append(p, size);
        p += size;
    }
    if (cut) out += ellipsis;
    return out;
}

bool iequals(bytes_view a, bytes_view b) noexcept
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return folded(x) == folded(y); });
}

std::string lower(bytes_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), folded);
    return out;
}

std::string clause(bytes_view sentence)
{
    if (sentence.ends_with('.')) sentence.remove_suffix(1);
    std::string out(sentence);
    const bool a_word = out.size() > 1 && (out[1] == ' ' || (out[1] >= 'a' && out[1] <= 'z'));
    if (a_word) out[0] = folded(out[0]);
    return out;
}

bytes_view trim(bytes_view text) noexcept
{
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::optional<bool> parse_bool(bytes_view text) noexcept
{
    text = trim(text);
    if (text == "1" || iequals(text, "true")) return true;
    if (text == "0" || iequals(text, "false")) return false;
    return std::nullopt;
}

std::optional<std::uint64_t> parse_unsigned(bytes_view text) noexcept
{
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, value);
    if (text.empty() || ec != std::errc{} || stop != end) return std::nullopt;
    return value;
}

} // namespace winrm::base
