#include "clixml/primitives.h"

#include "base/base64.h"
#include "base/text.h"
#include "clixml/object_node.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace winrm::clixml {
namespace {

template <class T> std::optional<value> integer(base::bytes_view s)
{
    if (s.size() > 1 && s.front() == '+' && s[1] != '-') s.remove_prefix(1);
    T n{};
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (error != std::errc{} || end != s.data() + s.size()) return std::nullopt;
    return value(n);
}

std::optional<value> character(base::bytes_view s)
{
    const auto unit = integer<std::uint16_t>(s);
    if (!unit) return std::nullopt;
    return value(static_cast<char16_t>(*unit->as<std::uint16_t>()));
}

template <class T> std::optional<value> floating(base::bytes_view s)
{
    constexpr T infinite = std::numeric_limits<T>::infinity();
    if (s == "NaN") return value(std::numeric_limits<T>::quiet_NaN());
    if (s == "INF" || s == "Infinity") return value(infinite);
    if (s == "-INF" || s == "-Infinity") return value(-infinite);
    if (s.size() > 1 && s.front() == '+') s.remove_prefix(1);
    if (s.empty() || s.find_first_not_of("0123456789+-.eE") != base::bytes_view::npos) return std::nullopt;
    T n{};
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (end != s.data() + s.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) { // as .NET: too small is 0, too large infinite
        const auto e = s.find_first_of("eE");
        const bool small = e != base::bytes_view::npos ? s.substr(e + 1).starts_with('-') : s.find('.') <= 2;
        const T limit = small ? T{} : infinite;
        return value(s.front() == '-' ? -limit : limit);
    }
    if (error != std::errc{}) return std::nullopt;
    return value(n);
}

std::optional<value> decimal_of(base::bytes_view s)
{
    base::bytes_view digits = s;
    const bool minus = digits.starts_with('-');
    if (minus || digits.starts_with('+')) digits.remove_prefix(1);
    const auto point = digits.find('.');
    const base::bytes_view whole = digits.substr(0, point);
    const base::bytes_view part = point == base::bytes_view::npos ? base::bytes_view{} : digits.substr(point + 1);
    const auto is_number = [](base::bytes_view d) {
        return d.find_first_not_of("0123456789") == base::bytes_view::npos;
    };
    if (whole.size() + part.size() == 0 || !is_number(whole) || !is_number(part)) return std::nullopt;
    return value::of_text(kind::decimal, s);
}

std::optional<value> version_of(base::bytes_view s)
{
    int components = 0;
    for (base::bytes_view rest = s;;) {
        const auto dot = rest.find('.');
        const auto n = integer<std::int32_t>(rest.substr(0, dot));
        if (!n || rest.front() == '-' || rest.front() == '+' || ++components > 4) return std::nullopt;
        if (dot == base::bytes_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    if (components < 2) return std::nullopt;
    return value::of_text(kind::version, s);
}

std::optional<value> guid_of(base::bytes_view s)
{
    if (!base::uuid::parse(s)) return std::nullopt;
    constexpr std::size_t canonical = 36;
    if (s.size() != canonical) return value(*base::uuid::parse(s));
    return value::of_text(kind::guid, s);
}

std::optional<value> bytes_of(base::bytes_view s)
{
    std::string raw;
    if (!base::base64_decode(s, raw)) return std::nullopt;
    return value::of_text(kind::bytes, raw);
}

template <class T> void append_number(T n, std::string& out)
{
    char buffer[32];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, n);
    static_cast<void>(error);
    out.append(buffer, static_cast<std::size_t>(end - buffer));
}

/// The shortest digits that give the same number again, as .NET writes them: 1E-05, 1E+300, 12.34.
template <class T> void append_floating(T n, std::string& out)
{
    if (std::isnan(n)) {
        out += "NaN";
        return;
    }
    if (std::isinf(n)) {
        out += n < 0 ? "-INF" : "INF";
        return;
    }
    const std::size_t begin = out.size();
    append_number(n, out);
    const auto e = out.find('e', begin);
    if (e != std::string::npos) out[e] = 'E';
}

} // namespace

std::optional<value> parse_primitive(kind what, base::bytes_view words)
{
    switch (what) {
    case kind::string:
    case kind::uri:
    case kind::xml_document:
    case kind::script_block: return value::of_text(what, words);
    default: break;
    }
    const base::bytes_view s = base::trim(words);
    switch (what) {
    case kind::null: return value();
    case kind::boolean:
        if (const auto b = base::parse_bool(s)) return value(*b);
        return std::nullopt;
    case kind::character: return character(s);
    case kind::int8: return integer<std::int8_t>(s);
    case kind::uint8: return integer<std::uint8_t>(s);
    case kind::int16: return integer<std::int16_t>(s);
    case kind::uint16: return integer<std::uint16_t>(s);
    case kind::int32: return integer<std::int32_t>(s);
    case kind::uint32: return integer<std::uint32_t>(s);
    case kind::int64: return integer<std::int64_t>(s);
    case kind::uint64: return integer<std::uint64_t>(s);
    case kind::single_precision: return floating<float>(s);
    case kind::double_precision: return floating<double>(s);
    case kind::decimal: return decimal_of(s);
    case kind::date_time:
        if (const auto t = parse_date_time(s)) return value(*t);
        return std::nullopt;
    case kind::duration:
        if (const auto d = parse_timespan(s)) return value(*d);
        return std::nullopt;
    case kind::bytes: return bytes_of(s);
    case kind::guid: return guid_of(s);
    case kind::version: return version_of(s);
    case kind::secure_string: return value::of_text(what, s);
    default: return std::nullopt;
    }
}

void format_date_time(date_time t, std::string& out);
void format_duration(duration d, std::string& out);

void format_primitive(const value& v, std::string& out)
{
    const detail::cell& c = access::cell(v);
    switch (v.what()) {
    case kind::boolean: out += c.bits() != 0 ? "true" : "false"; return;
    case kind::character: append_number(c.bits(), out); return;
    case kind::int8:
    case kind::int16:
    case kind::int32:
    case kind::int64: append_number(static_cast<std::int64_t>(c.bits()), out); return;
    case kind::uint8:
    case kind::uint16:
    case kind::uint32:
    case kind::uint64: append_number(c.bits(), out); return;
    case kind::single_precision: append_floating(*v.as<float>(), out); return;
    case kind::double_precision: append_floating(*v.as<double>(), out); return;
    case kind::date_time: format_date_time(*v.as<date_time>(), out); return;
    case kind::duration: format_duration(*v.as<duration>(), out); return;
    case kind::bytes: base::base64_encode(v.words(), out); return;
    default: out += v.words(); return;
    }
}

} // namespace winrm::clixml
