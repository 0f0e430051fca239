#include "soap/charset.h"

#include "base/utf8_step.h"

#include <optional>

namespace winrm::soap {
namespace {

constexpr base::bytes_view mark_utf8 = "\xEF\xBB\xBF";
constexpr base::bytes_view mark_le = "\xFF\xFE";
constexpr base::bytes_view mark_be = "\xFE\xFF";

error refused(const char* why) { return {errc::protocol, why}; }

bool starts(base::bytes_view text, base::bytes_view with) { return text.substr(0, with.size()) == with; }

struct mark
{
    charset encoding = charset::utf8;
    std::size_t size = 0; // 0 = none
};

mark read_mark(base::bytes_view body)
{
    if (starts(body, mark_utf8)) return {charset::utf8, mark_utf8.size()};
    if (starts(body, mark_le)) return {charset::utf16_le, mark_le.size()};
    if (starts(body, mark_be)) return {charset::utf16_be, mark_be.size()};
    return {};
}

// Every envelope begins with '<' or white space, so one zero byte in the first pair tells the order (XML 1.0, annex F).
std::optional<charset> guess_utf16(base::bytes_view body)
{
    if (body.size() < 2) return std::nullopt;
    if (body[0] != '\0' && body[1] == '\0') return charset::utf16_le;
    if (body[0] == '\0' && body[1] != '\0') return charset::utf16_be;
    return std::nullopt;
}

struct named
{
    bool any = false;          // no name: the mark or the first bytes decide
    bool either_order = false; // "UTF-16"
    charset encoding = charset::utf8;
};

std::optional<named> read_name(base::bytes_view name)
{
    name = base::trim(name);
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    if (name.empty()) return named{true, false, charset::utf8};
    if (base::iequals(name, "utf-8") || base::iequals(name, "utf8")) return named{false, false, charset::utf8};
    if (base::iequals(name, "utf-16") || base::iequals(name, "utf16")) return named{false, true, charset::utf16_le};
    if (base::iequals(name, "utf-16le")) return named{false, false, charset::utf16_le};
    if (base::iequals(name, "utf-16be")) return named{false, false, charset::utf16_be};
    return std::nullopt;
}

result<charset> settle(const named& n, const mark& m, base::bytes_view body)
{
    if (m.size != 0) {
        const bool agrees = n.any || (n.either_order ? m.encoding != charset::utf8 : m.encoding == n.encoding);
        if (!agrees) return refused("the byte-order mark contradicts the charset of the message");
        return m.encoding;
    }
    if (n.any) return guess_utf16(body).value_or(charset::utf8);
    if (n.either_order) return guess_utf16(body).value_or(charset::utf16_le); // Windows writes little endian
    return n.encoding;
}

std::string without_bad_utf8(base::bytes_view text)
{
    std::string out;
    const char* const end = text.data() + text.size();
    for (const char* p = text.data(); p != end;) {
        const base::utf8_step step = base::decode_utf8(p, end);
        if (step.size == 0) out += '?';
        else out.append(p, step.size);
        p += step.size == 0 ? 1 : step.size;
    }
    return out;
}

} // namespace

result<decoded> decode(base::bytes&& body, base::bytes_view name)
{
    const auto n = read_name(name);
    if (!n) return refused("the charset of the message is neither UTF-8 nor UTF-16");
    const mark m = read_mark(body);
    const auto encoding = settle(*n, m, body);
    if (!encoding) return encoding.error();
    std::string text;
    if (*encoding == charset::utf8) {
        if (m.size != 0) body.erase(0, m.size);
        if (!base::is_utf8(body)) return refused("the message is not valid UTF-8");
        text = std::move(body);
    } else {
        const auto order = *encoding == charset::utf16_le ? base::utf16_order::little : base::utf16_order::big;
        auto converted = base::utf16_to_utf8(base::bytes_view(body).substr(m.size), order);
        if (!converted) return refused("the message is not valid UTF-16");
        text = std::move(*converted);
    }
    // After the mark U+FEFF is a character, and none may stand before the root element; a parser would take it for a
    // mark.
    if (starts(text, mark_utf8)) return refused("the message has two byte-order marks");
    return decoded{std::move(text), *encoding};
}

base::bytes encode(std::string&& utf8, charset encoding)
{
    if (encoding == charset::utf8) return std::move(utf8);
    const bool little = encoding == charset::utf16_le;
    const auto order = little ? base::utf16_order::little : base::utf16_order::big;
    auto units = base::utf8_to_utf16(utf8, order);
    if (!units) units = base::utf8_to_utf16(without_bad_utf8(utf8), order); // only writer::raw can have let it in
    units->insert(0, little ? mark_le : mark_be);
    return std::move(*units);
}

base::bytes_view media_type(charset encoding) noexcept
{
    return encoding == charset::utf8 ? "application/soap+xml;charset=UTF-8" : "application/soap+xml;charset=UTF-16";
}

} // namespace winrm::soap
