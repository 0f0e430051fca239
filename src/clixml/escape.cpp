#include "clixml/escape.h"

#include "base/utf8_step.h"
#include "xml/characters.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace winrm::clixml {
namespace {

constexpr std::size_t longest_reference = 64;

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// "amp", "#38", "#x26": the character; 0 = none.
char32_t referenced(base::bytes_view name)
{
    if (name == "amp") return '&';
    if (name == "lt") return '<';
    if (name == "gt") return '>';
    if (name == "quot") return '"';
    if (name == "apos") return '\'';
    if (name.size() < 2 || name[0] != '#') return 0;
    const bool hex = name[1] == 'x';
    const base::bytes_view digits = name.substr(hex ? 2 : 1);
    if (digits.empty()) return 0;
    char32_t c = 0;
    for (const char d : digits) {
        const int n = hex_digit(d);
        if (n < 0 || (!hex && n > 9)) return 0;
        c = c * (hex ? 16 : 10) + static_cast<char32_t>(n);
        if (c > 0x10FFFF) return 0;
    }
    return (c >= 0xD800 && c <= 0xDFFF) || !xml::is_xml_character(c) ? 0 : c;
}

constexpr bool is_high(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
constexpr bool is_low(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

/// The UTF-16 surrogate that the three bytes before `at` stand for; 0 = none.
char32_t surrogate_at(base::bytes_view text, std::size_t at)
{
    if (at + 3 > text.size() || text[at] != '\xED') return 0;
    const auto second = static_cast<unsigned char>(text[at + 1]), third = static_cast<unsigned char>(text[at + 2]);
    if (second < 0xA0 || second > 0xBF || (third & 0xC0U) != 0x80U) return 0;
    return 0xD000U | (second & 0x3FU) << 6U | (third & 0x3FU);
}

void append_escape(char32_t unit, std::string& out)
{
    static constexpr char digits[] = "0123456789ABCDEF";
    const char piece[] = {
        '_', 'x', digits[unit >> 12U & 15U], digits[unit >> 8U & 15U], digits[unit >> 4U & 15U], digits[unit & 15U],
        '_'};
    out.append(piece, sizeof piece);
}

/// The escape at `at`: its size, 0 = there is none.
std::size_t escape_at(base::bytes_view text, std::size_t at, char32_t& c)
{
    if (at + 7 > text.size() || (text[at + 1] != 'x' && text[at + 1] != 'X')) return 0;
    c = 0;
    std::size_t n = 0;
    for (; n < 8 && at + 2 + n < text.size(); ++n) {
        const int d = hex_digit(text[at + 2 + n]);
        if (d < 0) break;
        c = c * 16 + static_cast<char32_t>(d);
    }
    const std::size_t close = at + 2 + n;
    if (n > 4 && n < 8) return 0;
    if (n < 4 || close >= text.size() || text[close] != '_' || c > 0x10FFFF) return 0;
    return n + 3;
}

bool as_it_is(char c, bool cdata, bool attribute)
{
    switch (c) {
    case '&': return cdata;
    case '\r': return false;
    case '\n':
    case '\t': return !attribute;
    default: return true;
    }
}

// What encode() copies as it is: all but control characters, markup, '_' and what is not ASCII.
constexpr auto plain = [] {
    std::array<bool, 256> t{};
    for (unsigned c = 0x20; c < 0x7F; ++c) t[c] = c != '<' && c != '>' && c != '&' && c != '"' && c != '_';
    return t;
}();

void append_wide(const char*& p, const char* end, std::string& out)
{
    const base::utf8_step step = base::decode_utf8(p, end);
    const char32_t c = step.code_point;
    if (step.size == 0) {
        const char32_t half = surrogate_at({p, static_cast<std::size_t>(end - p)}, 0);
        if (half != 0) append_escape(half, out);
        else out += '?';
        p += half != 0 ? 3 : 1;
        return;
    }
    if (c > 0xFFFF) {
        append_escape(0xD800 + ((c - 0x10000) >> 10U), out);
        append_escape(0xDC00 + ((c - 0x10000) & 0x3FFU), out);
    } else if (c <= 0x9F || c >= 0xFFFE) {
        append_escape(c, out);
    } else {
        out.append(p, step.size);
    }
    p += step.size;
}

} // namespace

void append_utf8(char32_t c, std::string& out)
{
    const auto byte = [&](char32_t b) { out += static_cast<char>(static_cast<unsigned char>(b)); };
    if (c < 0x80) return byte(c);
    if (c < 0x800) byte(0xC0U | c >> 6U);
    else if (c < 0x10000) {
        byte(0xE0U | c >> 12U);
        byte(0x80U | (c >> 6U & 0x3FU));
    } else {
        byte(0xF0U | c >> 18U);
        byte(0x80U | (c >> 12U & 0x3FU));
        byte(0x80U | (c >> 6U & 0x3FU));
    }
    byte(0x80U | (c & 0x3FU));
}

bool decode_markup(base::bytes_view raw, bool cdata, bool attribute, std::string& out)
{
    for (std::size_t at = 0; at < raw.size();) {
        std::size_t run = at;
        while (run < raw.size() && (raw[run] > '&' || raw[run] < 0 || as_it_is(raw[run], cdata, attribute))) ++run;
        out.append(raw.substr(at, run - at));
        at = run;
        if (at == raw.size()) break;
        if (raw[at] == '&') {
            const auto close = raw.substr(at, longest_reference).find(';');
            if (close == base::bytes_view::npos) return false;
            const char32_t c = referenced(raw.substr(at + 1, close - 1));
            if (c == 0) return false;
            append_utf8(c, out);
            at += close + 1;
        } else {
            out += attribute ? ' ' : '\n';
            at += raw[at] == '\r' && at + 1 < raw.size() && raw[at + 1] == '\n' ? 2 : 1;
        }
    }
    return true;
}

bool has_good_references(base::bytes_view raw)
{
    for (auto at = raw.find('&'); at != base::bytes_view::npos; at = raw.find('&', at + 1)) {
        const auto close = raw.substr(at, longest_reference).find(';');
        if (close == base::bytes_view::npos || referenced(raw.substr(at + 1, close - 1)) == 0) return false;
    }
    return true;
}

void decode_escapes(base::bytes_view text, std::string& out)
{
    std::size_t joinable = base::bytes_view::npos; // where in `out` a high surrogate ends that was an escape
    for (std::size_t at = 0; at < text.size();) {
        const auto found = text.find('_', at);
        const std::size_t run = found == base::bytes_view::npos ? text.size() : found;
        out.append(text.substr(at, run - at));
        at = run;
        if (at == text.size()) break;
        char32_t c = 0;
        const std::size_t size = escape_at(text, at, c);
        if (size == 0) {
            out += '_';
            ++at;
            continue;
        }
        if (is_low(c) && joinable == out.size()) {
            const char32_t high = surrogate_at(out, out.size() - 3);
            out.resize(out.size() - 3);
            c = 0x10000 + ((high - 0xD800) << 10U) + (c - 0xDC00);
        }
        append_utf8(c, out);
        joinable = is_high(c) ? out.size() : base::bytes_view::npos;
        at += size;
    }
}

void encode(base::bytes_view text, bool attribute, std::string& out)
{
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        const char* run = p;
        while (run != end && plain[static_cast<unsigned char>(*run)]) ++run;
        out.append(p, static_cast<std::size_t>(run - p));
        p = run;
        if (p == end) return;
        const char c = *p;
        if (static_cast<unsigned char>(c) >= 0x80) {
            append_wide(p, end, out);
            continue;
        }
        ++p;
        switch (c) {
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '&': out += "&amp;"; break;
        case '"': out += attribute ? "&quot;" : "\""; break;
        case '_':
            if (p != end && (*p == 'x' || *p == 'X')) append_escape('_', out);
            else out += '_';
            break;
        default: append_escape(static_cast<unsigned char>(c), out);
        }
    }
}

void encode_markup(base::bytes_view text, std::string& out)
{
    for (const char c : text) {
        if (c == '<') out += "&lt;";
        else if (c == '>') out += "&gt;";
        else if (c == '&') out += "&amp;";
        else if (plain[static_cast<unsigned char>(c)] || c == '_' || c == '"' || c == '\n' || c == '\t') out += c;
        else if (c == '\r') out += "&#13;";
        else out += '?';
    }
}

} // namespace winrm::clixml
