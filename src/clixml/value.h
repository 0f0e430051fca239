// What CLIXML says (MS-PSRP 2.2.5) as values: primitives, and objects with type names, properties and containers.
// A value is 16 bytes and cheap to copy: objects and long texts are shared and never change once they are a value.
#pragma once

#include "base/bytes.h"
#include "base/uuid.h"
#include "clixml/cell.h"

#include <compare>
#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace winrm::clixml {

/// Text that does not change: UTF-8, but a UTF-16 surrogate without its other half stands as the three bytes that
/// UTF-8 would have for it (.NET strings may hold such).
class text
{
public:
    text() noexcept : cell_(detail::cell::text(kind::string, {})) {}
    text(std::string_view content) : cell_(detail::cell::text(kind::string, content)) {}
    text(const char* content) : text(std::string_view(content)) {}
    text(const std::string& content) : text(std::string_view(content)) {}

    /// Lives as long as this text.
    [[nodiscard]] std::string_view view() const noexcept { return cell_.view(); }
    operator std::string_view() const noexcept { return view(); }
    [[nodiscard]] bool empty() const noexcept { return view().empty(); }
    friend bool operator==(const text& a, const text& b) noexcept { return a.view() == b.view(); }
    friend bool operator==(const text& a, std::string_view b) noexcept { return a.view() == b; }
    friend bool operator==(const text& a, const char* b) noexcept { return a.view() == std::string_view(b); }
    friend bool operator==(const text& a, const std::string& b) noexcept { return a.view() == b; }

private:
    friend class value;
    explicit text(detail::cell c) noexcept : cell_(std::move(c)) {}
    detail::cell cell_;
};

/// xs:dateTime with a .NET DateTime's exactness.
struct date_time
{
    enum class zone : std::uint8_t { unspecified, utc, offset };
    std::int64_t ticks = 0; ///< 100 ns since 0001-01-01T00:00:00 of the clock that the text shows; 0 to 9999-12-31
    zone in = zone::unspecified;
    std::int16_t offset_minutes = 0; ///< of `offset`: what that clock is ahead of UTC; -840 to 840
    friend bool operator==(const date_time&, const date_time&) = default;
};

/// xs:duration with a .NET TimeSpan's exactness.
struct duration
{
    std::int64_t ticks = 0; ///< 100 ns; below zero too
    friend auto operator<=>(const duration&, const duration&) = default;
};

/// Primitives that are kept as their text.
template <kind K> struct worded
{
    std::string words;
    friend bool operator==(const worded&, const worded&) = default;
};
using decimal = worded<kind::decimal>;             ///< "-12.340": digits and scale kept
using uri = worded<kind::uri>;                     ///< as it came, not checked
using version = worded<kind::version>;             ///< "7.4", "6.2.1.3"
using xml_document = worded<kind::xml_document>;   ///< the document's text, not parsed
using script_block = worded<kind::script_block>;   ///< the script's text
using secure_string = worded<kind::secure_string>; ///< base64 of the cipher text (2.2.5.1.24)
using byte_array = worded<kind::bytes>;            ///< raw bytes

struct object;
struct property;

class value
{
public:
    value() noexcept = default; ///< null
    value(std::nullptr_t) noexcept {}
    template <std::same_as<bool> T> value(T b) noexcept : cell_(detail::cell::number(kind::boolean, b ? 1 : 0)) {}
    value(char16_t unit) noexcept : cell_(detail::cell::number(kind::character, unit)) {}
    /// By size and sign: 5 is int32, 5LL int64.
    template <std::integral T>
        requires(!std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                 !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>)
    value(T n) noexcept : cell_(detail::cell::number(integer_kind<T>(), static_cast<std::uint64_t>(n)))
    {}
    value(float n) noexcept;
    value(double n) noexcept;
    value(std::string_view s) : cell_(detail::cell::text(kind::string, s)) {}
    value(const char* s) : value(std::string_view(s)) {}
    value(const std::string& s) : value(std::string_view(s)) {}
    value(text s) noexcept : cell_(std::move(s.cell_)) {}
    value(date_time t) noexcept;
    value(duration d) noexcept : cell_(detail::cell::number(kind::duration, static_cast<std::uint64_t>(d.ticks))) {}
    value(const base::uuid& id); ///< lower case, as .NET writes it
    template <kind K> value(const worded<K>& w) : cell_(detail::cell::text(K, w.words)) {}
    value(object o);
    /// An object under another kind: progress_record, property_set.
    value(kind what, object o);
    /// `what` is one of the kinds whose content is text: string, decimal, bytes … unknown.
    [[nodiscard]] static value of_text(kind what, std::string_view content)
    {
        return value(detail::cell::text(what, content));
    }

    [[nodiscard]] kind what() const noexcept { return cell_.what(); }
    [[nodiscard]] bool is_null() const noexcept { return cell_.what() == kind::null; }

    /// The value as T, where it is one: bool, char16_t, any integer, float, double, std::string, std::string_view,
    /// date_time, duration, base::uuid, byte_array, decimal, uri, version, xml_document, script_block, secure_string.
    /// An integer of any width and sign gives any other that it fits into; single gives double. An object that wraps a
    /// primitive (enum, extended primitive) gives what that gives. A string_view lives as long as this value.
    template <class T> [[nodiscard]] std::optional<T> as() const;

    /// Of the kinds whose content is text; "" for others. Lives as long as this value.
    [[nodiscard]] std::string_view words() const noexcept;
    /// object, progress_record and property_set; nullptr for others. Lives as long as any value that shares it.
    [[nodiscard]] const object* as_object() const noexcept;
    /// Of an object with a list, stack, queue or enumerable, in order; empty for others.
    [[nodiscard]] std::span<const value> items() const noexcept;
    /// Property of that exact name, adapted before extended; nullptr if none.
    [[nodiscard]] const value* find(std::string_view name) const noexcept;
    /// The same, a path: find("a", "b") is the b of a.
    template <class... Names>
    [[nodiscard]] const value* find(std::string_view name, std::string_view next, const Names&... more) const noexcept
    {
        const value* inner = find(name);
        return inner == nullptr ? nullptr : inner->find(next, more...);
    }
    /// Of a dictionary: what stands under that key, a string; nullptr if none.
    [[nodiscard]] const value* entry(std::string_view key) const noexcept;
    /// find(name) or null.
    [[nodiscard]] const value& operator[](std::string_view name) const noexcept;

    /// Both are the very same object, not only an equal one.
    [[nodiscard]] bool is_same(const value& other) const noexcept
    {
        return cell_.address() != nullptr && cell_.address() == other.cell_.address();
    }
    /// Values in the tree under it and itself, shared ones counted each time they stand there; saturates.
    [[nodiscard]] std::uint64_t size() const noexcept;
    /// Same kinds, texts, names and order. Bounded time however much is shared.
    friend bool operator==(const value& a, const value& b);

private:
    friend struct access;
    explicit value(detail::cell c) noexcept : cell_(std::move(c)) {}
    template <class T> static constexpr kind integer_kind() noexcept
    {
        constexpr kind kinds[2][4] = {{kind::uint8, kind::uint16, kind::uint32, kind::uint64},
                                      {kind::int8, kind::int16, kind::int32, kind::int64}};
        return kinds[std::is_signed_v<T> ? 1 : 0][sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3];
    }
    detail::cell cell_;
};

struct property
{
    text name;
    value content;
};

/// Type names of an object, most specific first (2.2.5.2.3). Shared by all objects that have them.
class type_names
{
public:
    type_names() = default;
    type_names(std::initializer_list<std::string_view> names);
    explicit type_names(std::vector<text> names);
    [[nodiscard]] std::span<const text> all() const noexcept
    {
        return names_ ? std::span<const text>(*names_) : std::span<const text>{};
    }
    [[nodiscard]] bool empty() const noexcept { return !names_ || names_->empty(); }
    [[nodiscard]] bool is_same(const type_names& other) const noexcept { return names_ == other.names_; }
    [[nodiscard]] const void* address() const noexcept { return names_.get(); }
    [[nodiscard]] bool holds(std::string_view name) const noexcept;
    friend bool operator==(const type_names& a, const type_names& b) noexcept;

private:
    std::shared_ptr<const std::vector<text>> names_;
};

/// What an object holds besides properties (2.2.5.2.5 to 2.2.5.2.7).
enum class contents : std::uint8_t { none, primitive, list, stack, queue, enumerable, dictionary };

/// A complex object (2.2.5.2) while it is made; a value of it can no longer be changed.
struct object
{
    type_names types;
    value to_string; ///< a string, or null: the object says none
    std::vector<property> adapted, extended;
    contents holds = contents::none;
    /// primitive: one; list, stack, queue, enumerable: in order; dictionary: key, value, key, value …
    std::vector<value> items;
    /// Where a reference inside says that it means this object; null = none does.
    value identity;

    object() = default;
    explicit object(type_names names) : types(std::move(names)) {}

    /// Adds an extended property (the properties that PSRP's own messages have).
    object& with(text name, value content) &
    {
        extended.push_back({std::move(name), std::move(content)});
        return *this;
    }
    object&& with(text name, value content) && { return std::move(with(std::move(name), std::move(content))); }
    object& with_adapted(text name, value content) &
    {
        adapted.push_back({std::move(name), std::move(content)});
        return *this;
    }
    object&& with_adapted(text name, value content) &&
    {
        return std::move(with_adapted(std::move(name), std::move(content)));
    }
    object& shown_as(std::string_view words) &
    {
        to_string = value(words);
        return *this;
    }
    object&& shown_as(std::string_view words) && { return std::move(shown_as(words)); }

    /// Precondition: `holds` is not primitive or dictionary.
    [[nodiscard]] static object container(contents holds, std::vector<value> items, type_names names);
    /// System.Object[], as PowerShell's arrays arrive.
    [[nodiscard]] static object array(std::vector<value> items);
    /// System.Collections.ArrayList.
    [[nodiscard]] static object array_list(std::vector<value> items);
    /// System.Collections.Hashtable.
    [[nodiscard]] static object hashtable(std::vector<std::pair<value, value>> entries);
    /// `type`, System.Enum, System.ValueType, System.Object (2.2.5.2.7); `name` becomes ToString.
    [[nodiscard]] static object enumeration(std::string_view type, std::string_view name, value number);
    /// Extended primitive (2.2.5.2.5): properties are added to it.
    [[nodiscard]] static object wrapped(value primitive);
};

/// A reference to the object whose `identity` is the same: only what stands inside of that object may hold it.
/// @return {identity, reference}
[[nodiscard]] std::pair<value, value> make_reference();

/// The element of 2.2.5.1 for a kind ("S", "I32"), "" for those that are no primitive.
[[nodiscard]] std::string_view element_of(kind what) noexcept;
/// Spelling in JSON and messages: "string", "int32", "date_time".
[[nodiscard]] std::string_view name_of(kind what) noexcept;
[[nodiscard]] std::optional<kind> kind_of_name(std::string_view name) noexcept;
[[nodiscard]] std::string_view name_of(contents what) noexcept;

} // namespace winrm::clixml
