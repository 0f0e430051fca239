#include "cli/ps_parameters.h"

#include "base/text.h"
#include "clixml/json.h"
#include "clixml/reader.h"

#include <array>
#include <charconv>
#include <optional>

namespace winrm::cli {
namespace {

using clixml::value;

template <class T> std::optional<value> number(const std::string& text)
{
    T n{};
    const auto* end = text.data() + text.size();
    const auto [at, why] = std::from_chars(text.data(), end, n);
    if (why != std::errc{} || at != end || text.empty()) return {};
    return value(n);
}

std::optional<value> boolean(const std::string& text)
{
    for (const char* yes : {"true", "$true", "1", "yes"})
        if (base::iequals(text, yes)) return value(true);
    for (const char* no : {"false", "$false", "0", "no"})
        if (base::iequals(text, no)) return value(false);
    return {};
}

/// Through the reader, which knows what each element may hold.
std::optional<value> element(const char* name, const std::string& text)
{
    std::string xml = std::string("<") + name + ">";
    for (const char c : text) {
        if (c == '<') xml += "&lt;";
        else if (c == '&') xml += "&amp;";
        else xml += c;
    }
    auto read = clixml::read(xml + "</" + name + ">");
    if (!read) return {};
    return std::move(*read);
}

struct type_row
{
    const char* name;
    std::optional<value> (*make)(const std::string& text);
};

constexpr std::array<type_row, 16> types{{
    {"string", [](const std::string& t) { return std::optional(value(t)); }},
    {"int", number<std::int32_t>},
    {"long", number<std::int64_t>},
    {"double", number<double>},
    {"decimal", [](const std::string& t) { return element("D", t); }},
    {"bool", boolean},
    {"switch", boolean},
    {"char",
     [](const std::string& t) {
         return t.size() == 1 ? std::optional(value(static_cast<char16_t>(static_cast<unsigned char>(t[0]))))
                              : std::nullopt;
     }},
    {"datetime", [](const std::string& t) { return element("DT", t); }},
    {"timespan", [](const std::string& t) { return element("TS", t); }},
    {"guid", [](const std::string& t) { return element("G", t); }},
    {"uri", [](const std::string& t) { return element("URI", t); }},
    {"version", [](const std::string& t) { return element("Version", t); }},
    {"xml", [](const std::string& t) { return element("XD", t); }},
    {"null", [](const std::string&) { return std::optional(value()); }},
    {"json",
     [](const std::string& t) -> std::optional<value> {
         auto read = clixml::from_json(t);
         if (!read) return {};
         return std::move(*read);
     }},
}};

error wrong(const std::string& name, const std::string& what)
{
    return {errc::bad_argument, "parameter " + base::printable(name, 60) + ": " + what};
}

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

} // namespace

const std::string& parameter_types()
{
    static const std::string all = [] {
        std::string out;
        for (const auto& row : types) out += (out.empty() ? "" : ", ") + std::string(row.name);
        return out;
    }();
    return all;
}

result<named_parameter> parse_parameter(const std::string& text)
{
    const auto equals = text.find('=');
    const std::string head = text.substr(0, equals);
    const auto colon = head.find(':');
    std::string name = head.substr(0, colon);
    if (name.starts_with('-')) name.erase(0, 1);
    if (name.empty()) return error(errc::bad_argument, "a parameter needs a name: -P NAME=VALUE");
    const bool has_value = equals != std::string::npos;
    const std::string type = colon != std::string::npos ? base::lower(head.substr(colon + 1))
                             : has_value                ? "string"
                                                        : "switch";
    const std::string content = has_value ? text.substr(equals + 1) : type == "switch" ? "true" : "";
    for (const auto& row : types) {
        if (type != row.name) continue;
        auto made = row.make(content);
        if (!made) return wrong(name, base::printable(content, 60) + " is no " + type);
        return named_parameter{std::move(name), std::move(*made)};
    }
    return wrong(name, "there is no type " + base::printable(type, 60) + "; there are " + parameter_types());
}

bool is_command_name(base::bytes_view text) noexcept
{
    const auto dash = text.find('-');
    if (dash == base::bytes_view::npos || dash == 0 || dash + 1 == text.size()) return false;
    for (const char c : text)
        if (!is_name_character(c) && c != '-') return false;
    return true;
}

} // namespace winrm::cli
