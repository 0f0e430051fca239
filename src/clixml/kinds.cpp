#include "clixml/tags.h"
#include "clixml/value.h"

#include <array>

namespace winrm::clixml {
namespace {

struct row
{
    std::string_view name, element;
};

// In the order of enum kind.
constexpr auto rows = std::to_array<row>(
    {{"null", "Nil"},        {"bool", "B"},        {"char", "C"},     {"int8", "SB"},          {"uint8", "By"},
     {"int16", "I16"},       {"uint16", "U16"},    {"int32", "I32"},  {"uint32", "U32"},       {"int64", "I64"},
     {"uint64", "U64"},      {"single", "Sg"},     {"double", "Db"},  {"decimal", "D"},        {"date_time", "DT"},
     {"duration", "TS"},     {"string", "S"},      {"bytes", "BA"},   {"guid", "G"},           {"uri", "URI"},
     {"version", "Version"}, {"xml", "XD"},        {"script", "SBK"}, {"secure_string", "SS"}, {"object", ""},
     {"progress", ""},       {"property_set", ""}, {"reference", ""}, {"unknown", ""}});
static_assert(rows.size() == static_cast<std::size_t>(kind::unknown) + 1);

constexpr auto content_names =
    std::to_array<std::string_view>({"none", "primitive", "list", "stack", "queue", "enumerable", "dictionary"});

} // namespace

std::string_view element_of(kind what) noexcept { return rows[static_cast<std::size_t>(what)].element; }

std::string_view name_of(kind what) noexcept { return rows[static_cast<std::size_t>(what)].name; }

std::optional<kind> kind_of_name(std::string_view name) noexcept
{
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].name == name) return static_cast<kind>(i);
    }
    return std::nullopt;
}

std::string_view name_of(contents what) noexcept { return content_names[static_cast<std::size_t>(what)]; }

const char* unreadable(kind what) noexcept
{
    switch (what) {
    case kind::boolean: return "a B is neither true nor false";
    case kind::character: return "a C is not the number of a UTF-16 code unit";
    case kind::single_precision:
    case kind::double_precision: return "an Sg or Db is not a floating-point number";
    case kind::decimal: return "a D is not a decimal number";
    case kind::date_time: return "a DT is not a date and time";
    case kind::duration: return "a TS is not a duration, or too long";
    case kind::bytes: return "a BA is not base64";
    case kind::guid: return "a G is not a GUID";
    case kind::version: return "a Version is not two to four numbers";
    default: return "an integer is none, or too large for its type";
    }
}

} // namespace winrm::clixml
