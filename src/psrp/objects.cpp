#include "psrp/objects.h"

#include "psrp/fields.h"

#include <array>

namespace winrm::psrp {
namespace {

constexpr std::array<std::string_view, 10> pool_states{
    "BeforeOpen",           "Opening",    "Opened",      "Closed", "Closing", "Broken", "NegotiationSent",
    "NegotiationSucceeded", "Connecting", "Disconnected"};
constexpr std::array<std::string_view, 7> invocation_states{"NotStarted", "Running", "Stopping",    "Stopped",
                                                            "Completed",  "Failed",  "Disconnected"};
constexpr std::array<std::string_view, 32> categories{
    "NotSpecified",     "OpenError",           "CloseError",       "DeviceError",         "DeadlockDetected",
    "InvalidArgument",  "InvalidData",         "InvalidOperation", "InvalidResult",       "InvalidType",
    "MetadataError",    "NotImplemented",      "NotInstalled",     "ObjectNotFound",      "OperationStopped",
    "OperationTimeout", "SyntaxError",         "ParserError",      "PermissionDenied",    "ResourceBusy",
    "ResourceExists",   "ResourceUnavailable", "ReadError",        "WriteError",          "FromStdErr",
    "SecurityError",    "ProtocolError",       "ConnectionError",  "AuthenticationError", "LimitsExceeded",
    "QuotaExceeded",    "NotEnabled"};

template <class Names, class Enum>
std::string_view word(const Names& names, Enum value, std::string_view unknown) noexcept
{
    const auto at = static_cast<std::size_t>(static_cast<std::int32_t>(value));
    return at < names.size() ? names[at] : unknown;
}

// Keys of _hostDefaultData.
constexpr std::int32_t foreground_key = 0;
constexpr std::int32_t background_key = 1;
constexpr std::int32_t cursor_position_key = 2;
constexpr std::int32_t window_position_key = 3;
constexpr std::int32_t cursor_size_key = 4;
constexpr std::int32_t buffer_size_key = 5;
constexpr std::int32_t window_size_key = 6;
constexpr std::int32_t max_window_size_key = 7;
constexpr std::int32_t max_physical_window_size_key = 8;
constexpr std::int32_t window_title_key = 9;

clixml::value typed(std::string_view type, clixml::value v)
{
    return clixml::value{clixml::object{}.with("T", type).with("V", std::move(v))};
}

clixml::value to_value(const host_default_data& d)
{
    const auto color_value = [](color c) { return typed("System.ConsoleColor", static_cast<std::int32_t>(c)); };
    const auto coordinates_value = [](const coordinates& c) {
        return typed("System.Management.Automation.Host.Coordinates",
                     clixml::value{clixml::object{}.with("x", c.x).with("y", c.y)});
    };
    const auto size_value = [](const size& s) {
        return typed("System.Management.Automation.Host.Size",
                     clixml::value{clixml::object{}.with("width", s.width).with("height", s.height)});
    };
    using entry = std::pair<clixml::value, clixml::value>;
    std::vector<entry> entries{
        entry{window_title_key, typed("System.String", d.window_title)},
        entry{max_physical_window_size_key, size_value(d.max_physical_window_size)},
        entry{max_window_size_key, size_value(d.max_window_size)},
        entry{window_size_key, size_value(d.window_size)},
        entry{buffer_size_key, size_value(d.buffer_size)},
        entry{cursor_size_key, typed("System.Int32", d.cursor_size)},
        entry{window_position_key, coordinates_value(d.window_position)},
        entry{cursor_position_key, coordinates_value(d.cursor_position)},
        entry{background_key, color_value(d.background)},
        entry{foreground_key, color_value(d.foreground)},
    };
    return clixml::value{clixml::object{}.with("data", clixml::value{clixml::object::hashtable(std::move(entries))})};
}

void read_entry(std::int32_t which, const clixml::value& v, host_default_data& d)
{
    const auto point = [&](coordinates& to) {
        detail::take(v, "x", to.x);
        detail::take(v, "y", to.y);
    };
    const auto area = [&](size& to) {
        detail::take(v, "width", to.width);
        detail::take(v, "height", to.height);
    };
    const auto number = v.as<std::int32_t>();
    switch (which) {
    case foreground_key: d.foreground = static_cast<color>(number.value_or(0)); return;
    case background_key: d.background = static_cast<color>(number.value_or(0)); return;
    case cursor_position_key: point(d.cursor_position); return;
    case window_position_key: point(d.window_position); return;
    case cursor_size_key: d.cursor_size = number.value_or(0); return;
    case buffer_size_key: area(d.buffer_size); return;
    case window_size_key: area(d.window_size); return;
    case max_window_size_key: area(d.max_window_size); return;
    case max_physical_window_size_key: area(d.max_physical_window_size); return;
    case window_title_key: d.window_title = v.as<std::string>().value_or(""); return;
    default: return;
    }
}

} // namespace

std::string_view name(runspacepool_state state) noexcept { return word(pool_states, state, "Unknown"); }
std::string_view name(invocation_state state) noexcept { return word(invocation_states, state, "Unknown"); }
std::string_view name(error_category category) noexcept { return word(categories, category, categories.front()); }

host_info host_info::interactive(size window)
{
    host_info made;
    made.is_host_null = made.is_ui_null = made.is_raw_ui_null = made.use_runspace_host = false;
    made.data.emplace();
    made.data->window_size = made.data->max_window_size = made.data->max_physical_window_size = window;
    made.data->buffer_size = window;
    return made;
}

clixml::value host_info::to_value() const
{
    clixml::object made;
    if (data) made.with("_hostDefaultData", psrp::to_value(*data));
    return clixml::value{std::move(made)
                             .with("_isHostNull", is_host_null)
                             .with("_isHostUINull", is_ui_null)
                             .with("_isHostRawUINull", is_raw_ui_null)
                             .with("_useRunspaceHost", use_runspace_host)};
}

result<host_info> host_info::from_value(const clixml::value& v)
{
    host_info made;
    if (auto wrong = detail::need(v, "_isHostNull", made.is_host_null)) return *wrong;
    if (auto wrong = detail::need(v, "_isHostUINull", made.is_ui_null)) return *wrong;
    if (auto wrong = detail::need(v, "_isHostRawUINull", made.is_raw_ui_null)) return *wrong;
    if (auto wrong = detail::need(v, "_useRunspaceHost", made.use_runspace_host)) return *wrong;
    const clixml::value* table = v.find("_hostDefaultData", "data");
    const clixml::object* entries = table == nullptr ? nullptr : table->as_object();
    if (entries == nullptr || entries->holds != clixml::contents::dictionary) return made;
    made.data.emplace();
    for (std::size_t i = 0; i + 1 < entries->items.size(); i += 2) {
        const auto which = entries->items[i].as<std::int32_t>();
        const clixml::value* content = entries->items[i + 1].find("V");
        if (!which || content == nullptr) return detail::bad_field("_hostDefaultData");
        read_entry(*which, *content, *made.data);
    }
    return made;
}

std::optional<std::vector<std::string>> detail::strings(const clixml::value* list)
{
    if (list == nullptr || list->as_object() == nullptr) return std::nullopt;
    std::vector<std::string> made;
    for (const clixml::value& item : list->items())
        if (auto text = item.as<std::string>()) made.push_back(std::move(*text));
    return made;
}

clixml::value detail::string_list(const std::vector<std::string>& items)
{
    static const clixml::type_names types{"System.String[]", "System.Array", "System.Object"};
    std::vector<clixml::value> values{items.begin(), items.end()};
    return clixml::value{clixml::object::container(clixml::contents::list, std::move(values), types)};
}

} // namespace winrm::psrp
