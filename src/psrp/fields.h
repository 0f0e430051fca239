// Reading the properties of a message's object, with an error that names what is wrong. Private to this folder.
#pragma once

#include "clixml/value.h"

#include <winrm/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace winrm::psrp::detail {

[[nodiscard]] inline error bad_field(std::string_view name)
{
    return {errc::protocol, "a PSRP message has no usable property " + std::string{name}};
}

/// Missing, null or of another type: nullopt.
template <class T> [[nodiscard]] std::optional<T> maybe(const clixml::value& v, std::string_view name)
{
    const clixml::value* found = v.find(name);
    if (found == nullptr || found->is_null()) return std::nullopt;
    if constexpr (std::is_enum_v<T>) {
        const auto number = found->as<std::underlying_type_t<T>>();
        return number ? std::optional<T>{static_cast<T>(*number)} : std::nullopt;
    } else {
        return found->as<T>();
    }
}

/// Sets `to` to the property. @return nullopt, or what is wrong with it
template <class T> [[nodiscard]] std::optional<error> need(const clixml::value& v, std::string_view name, T& to)
{
    auto got = maybe<T>(v, name);
    if (!got) return bad_field(name);
    to = std::move(*got);
    return std::nullopt;
}

/// The property where there is a usable one; else `to` stays.
template <class T> void take(const clixml::value& v, std::string_view name, T& to)
{
    if (auto got = maybe<T>(v, name)) to = std::move(*got);
}

template <class T> [[nodiscard]] clixml::value or_null(const std::optional<T>& v)
{
    return v ? clixml::value{*v} : clixml::value{};
}

/// An enum as PSRP's own messages have it: the number, with its type and name.
template <class Enum> [[nodiscard]] clixml::value enumeration(std::string_view type, std::string_view name, Enum number)
{
    return clixml::value{clixml::object::enumeration(type, name, static_cast<std::int32_t>(number))};
}

/// A list of strings; an item that is none is left out. nullopt: no list.
[[nodiscard]] std::optional<std::vector<std::string>> strings(const clixml::value* list);
[[nodiscard]] clixml::value string_list(const std::vector<std::string>& items);

} // namespace winrm::psrp::detail
