#include "clixml/value.h"

#include "base/text.h"
#include "clixml/object_node.h"

#include <bit>
#include <cstdlib>
#include <limits>
#include <new>
#include <set>

namespace winrm::clixml {
namespace detail {

namespace {

text_node* new_text(std::size_t size)
{
    void* const memory = ::operator new(sizeof(text_node) + size);
    auto* const made = ::new (memory) text_node;
    made->size = size;
    return made;
}

} // namespace

cell cell::room(kind what, std::size_t size, char*& data)
{
    cell made;
    made.raw_[0] = static_cast<unsigned char>(what);
    text_node* const n = new_text(size);
    data = n->data();
    made.raw_[1] = text_tag;
    node* const base = n;
    std::memcpy(made.raw_ + 8, &base, sizeof(void*));
    return made;
}

cell cell::long_text(kind what, base::bytes_view content)
{
    char* data = nullptr;
    cell made = room(what, content.size(), data);
    std::memcpy(data, content.data(), content.size());
    return made;
}

cell cell::object(kind what, object_node* adopted) noexcept
{
    cell made;
    made.raw_[0] = static_cast<unsigned char>(what);
    made.raw_[1] = object_tag;
    node* const base = adopted;
    std::memcpy(made.raw_ + 8, &base, sizeof(void*));
    return made;
}

void cell::release() noexcept
{
    node* const n = base_node();
    // The last owner needs no locked instruction.
    if (n->uses.load(std::memory_order_acquire) != 1 && n->uses.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (raw_[1] == object_tag) {
        delete static_cast<object_node*>(n);
    } else {
        auto* const t = static_cast<text_node*>(n);
        t->~text_node();
        ::operator delete(t);
    }
}

} // namespace detail

namespace {

constexpr std::uint64_t zone_shift = 62;
constexpr std::uint64_t ticks_mask = (std::uint64_t{1} << zone_shift) - 1;

const value null_value;

std::uint64_t add(std::uint64_t a, std::uint64_t b)
{
    return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

std::uint64_t count(const object& o)
{
    std::uint64_t n = 1;
    for (const auto* list : {&o.adapted, &o.extended}) {
        for (const property& p : *list) n = add(n, p.content.size());
    }
    for (const value& v : o.items) n = add(n, v.size());
    return n;
}

const value* find_in(const std::vector<property>& list, std::string_view name) noexcept
{
    for (const property& p : list) {
        if (p.name == name) return &p.content;
    }
    return nullptr;
}

bool is_integer(kind k) noexcept { return k >= kind::int8 && k <= kind::uint64; }
bool is_signed(kind k) noexcept { return k == kind::int8 || k == kind::int16 || k == kind::int32 || k == kind::int64; }

/// Kinds whose content is a cell's text.
bool is_worded(kind k) noexcept
{
    return k == kind::decimal || (k >= kind::string && k <= kind::secure_string) || k == kind::unknown;
}

} // namespace

value::value(float n) noexcept : cell_(detail::cell::number(kind::single_precision, std::bit_cast<std::uint32_t>(n))) {}

value::value(double n) noexcept : cell_(detail::cell::number(kind::double_precision, std::bit_cast<std::uint64_t>(n)))
{}

value::value(date_time t) noexcept
    : cell_(detail::cell::number(kind::date_time,
                                 (static_cast<std::uint64_t>(t.ticks) & ticks_mask) | static_cast<std::uint64_t>(t.in)
                                                                                          << zone_shift,
                                 t.in == date_time::zone::offset ? t.offset_minutes : std::int16_t{0}))
{}

value::value(const base::uuid& id) : cell_(detail::cell::text(kind::guid, base::lower(id.text()))) {}

value::value(object o) : value(kind::object, std::move(o)) {}

value::value(kind what, object o)
{
    auto made = std::make_unique<detail::object_node>(std::move(o));
    made->size = count(made->content);
    cell_ = detail::cell::object(what, made.release());
}

std::string_view value::words() const noexcept { return is_worded(what()) ? cell_.view() : std::string_view{}; }

const object* value::as_object() const noexcept
{
    return cell_.holds_object() && what() != kind::reference ? &cell_.object_of()->content : nullptr;
}

std::span<const value> value::items() const noexcept
{
    const object* o = as_object();
    if (o == nullptr || o->holds == contents::none || o->holds == contents::primitive ||
        o->holds == contents::dictionary)
        return {};
    return o->items;
}

const value* value::find(std::string_view name) const noexcept
{
    const object* o = as_object();
    if (o == nullptr) return nullptr;
    const value* found = find_in(o->adapted, name);
    return found != nullptr ? found : find_in(o->extended, name);
}

const value* value::entry(std::string_view key) const noexcept
{
    const object* o = as_object();
    if (o == nullptr || o->holds != contents::dictionary) return nullptr;
    for (std::size_t i = 0; i + 1 < o->items.size(); i += 2) {
        if (o->items[i].what() == kind::string && o->items[i].words() == key) return &o->items[i + 1];
    }
    return nullptr;
}

const value& value::operator[](std::string_view name) const noexcept
{
    const value* found = find(name);
    return found == nullptr ? null_value : *found;
}

std::uint64_t value::size() const noexcept { return as_object() == nullptr ? 1 : cell_.object_of()->size; }

namespace {

/// The primitive itself, also where an object wraps it; bounded, for an object can wrap an object.
const value& unwrapped(const value& v) noexcept
{
    const object* o = v.as_object();
    return o != nullptr && o->holds == contents::primitive && o->items.size() == 1 ? o->items.front() : v;
}

template <class T> std::optional<T> integer(const value& v) noexcept
{
    const value& p = unwrapped(v);
    if (!is_integer(p.what())) return std::nullopt;
    const std::uint64_t bits = access::cell(p).bits();
    if (is_signed(p.what())) {
        const auto n = static_cast<std::int64_t>(bits);
        if (!std::in_range<T>(n)) return std::nullopt;
        return static_cast<T>(n);
    }
    if (!std::in_range<T>(bits)) return std::nullopt;
    return static_cast<T>(bits);
}

template <kind K> std::optional<worded<K>> worded_as(const value& v)
{
    const value& p = unwrapped(v);
    if (p.what() != K) return std::nullopt;
    return worded<K>{std::string(p.words())};
}

} // namespace

template <> std::optional<std::int8_t> value::as() const { return integer<std::int8_t>(*this); }
template <> std::optional<std::uint8_t> value::as() const { return integer<std::uint8_t>(*this); }
template <> std::optional<std::int16_t> value::as() const { return integer<std::int16_t>(*this); }
template <> std::optional<std::uint16_t> value::as() const { return integer<std::uint16_t>(*this); }
template <> std::optional<std::int32_t> value::as() const { return integer<std::int32_t>(*this); }
template <> std::optional<std::uint32_t> value::as() const { return integer<std::uint32_t>(*this); }
template <> std::optional<std::int64_t> value::as() const { return integer<std::int64_t>(*this); }
template <> std::optional<std::uint64_t> value::as() const { return integer<std::uint64_t>(*this); }

template <> std::optional<bool> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() != kind::boolean) return std::nullopt;
    return access::cell(p).bits() != 0;
}

template <> std::optional<char16_t> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() != kind::character) return std::nullopt;
    return static_cast<char16_t>(access::cell(p).bits());
}

template <> std::optional<float> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() != kind::single_precision) return std::nullopt;
    return std::bit_cast<float>(static_cast<std::uint32_t>(access::cell(p).bits()));
}

template <> std::optional<double> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() == kind::single_precision) return static_cast<double>(*p.as<float>());
    if (p.what() != kind::double_precision) return std::nullopt;
    return std::bit_cast<double>(access::cell(p).bits());
}

template <> std::optional<std::string_view> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() != kind::string) return std::nullopt;
    return p.words();
}

template <> std::optional<std::string> value::as() const
{
    const auto view = as<std::string_view>();
    if (!view) return std::nullopt;
    return std::string(*view);
}

template <> std::optional<date_time> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() != kind::date_time) return std::nullopt;
    const std::uint64_t bits = access::cell(p).bits();
    return date_time{static_cast<std::int64_t>(bits & ticks_mask), static_cast<date_time::zone>(bits >> zone_shift),
                     access::cell(p).extra()};
}

template <> std::optional<duration> value::as() const
{
    const value& p = unwrapped(*this);
    if (p.what() != kind::duration) return std::nullopt;
    return duration{static_cast<std::int64_t>(access::cell(p).bits())};
}

template <> std::optional<base::uuid> value::as() const
{
    const value& p = unwrapped(*this);
    return p.what() == kind::guid ? base::uuid::parse(p.words()) : std::nullopt;
}

template <> std::optional<byte_array> value::as() const { return worded_as<kind::bytes>(*this); }
template <> std::optional<decimal> value::as() const { return worded_as<kind::decimal>(*this); }
template <> std::optional<uri> value::as() const { return worded_as<kind::uri>(*this); }
template <> std::optional<version> value::as() const { return worded_as<kind::version>(*this); }
template <> std::optional<xml_document> value::as() const { return worded_as<kind::xml_document>(*this); }
template <> std::optional<script_block> value::as() const { return worded_as<kind::script_block>(*this); }
template <> std::optional<secure_string> value::as() const { return worded_as<kind::secure_string>(*this); }

namespace {

/// Where both sides share nodes, each pair of nodes is compared once.
class comparison
{
public:
    [[nodiscard]] bool same(const value& a, const value& b)
    {
        if (a.what() != b.what()) return false;
        const detail::cell &x = access::cell(a), &y = access::cell(b);
        switch (a.what()) {
        case kind::null: return true;
        case kind::reference: return (a.is_same(b)) || identities_.contains({x.address(), y.address()});
        case kind::object:
        case kind::progress_record:
        case kind::property_set: return same_objects(x, y);
        default: break;
        }
        if (is_worded(a.what())) return a.words() == b.words();
        return x.bits() == y.bits() && x.extra() == y.extra();
    }

private:
    bool same_objects(const detail::cell& x, const detail::cell& y)
    {
        if (x.address() == y.address()) return true;
        const bool shared = x.is_shared() && y.is_shared();
        if (shared && known_.contains({x.address(), y.address()})) return true;
        const object &a = x.object_of()->content, &b = y.object_of()->content;
        if (a.identity.is_null() != b.identity.is_null()) return false;
        if (!a.identity.is_null())
            identities_.insert({access::cell(a.identity).address(), access::cell(b.identity).address()});
        if (!(a.types == b.types) || a.holds != b.holds || !same(a.to_string, b.to_string)) return false;
        if (!same_members(a.adapted, b.adapted) || !same_members(a.extended, b.extended)) return false;
        if (a.items.size() != b.items.size()) return false;
        for (std::size_t i = 0; i < a.items.size(); ++i) {
            if (!same(a.items[i], b.items[i])) return false;
        }
        if (shared) known_.insert({x.address(), y.address()});
        return true;
    }

    bool same_members(const std::vector<property>& a, const std::vector<property>& b)
    {
        if (a.size() != b.size()) return false;
        for (std::size_t i = 0; i < a.size(); ++i) {
            if (!(a[i].name == b[i].name) || !same(a[i].content, b[i].content)) return false;
        }
        return true;
    }

    using pair = std::pair<const void*, const void*>;
    std::set<pair> known_, identities_;
};

} // namespace

bool operator==(const value& a, const value& b) { return comparison().same(a, b); }

type_names::type_names(std::initializer_list<std::string_view> names)
{
    if (names.size() == 0) return;
    std::vector<text> list;
    list.reserve(names.size());
    for (const std::string_view n : names) list.emplace_back(n);
    names_ = std::make_shared<const std::vector<text>>(std::move(list));
}

type_names::type_names(std::vector<text> names) : names_(std::make_shared<const std::vector<text>>(std::move(names))) {}

bool type_names::holds(std::string_view name) const noexcept
{
    for (const text& t : all()) {
        if (t == name) return true;
    }
    return false;
}

bool operator==(const type_names& a, const type_names& b) noexcept
{
    if (a.names_ == b.names_) return true;
    const auto x = a.all(), y = b.all();
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (!(x[i] == y[i])) return false;
    }
    return true;
}

object object::container(contents holds, std::vector<value> items, type_names names)
{
    object made(std::move(names));
    made.holds = holds;
    made.items = std::move(items);
    return made;
}

object object::array(std::vector<value> items)
{
    static const type_names names{"System.Object[]", "System.Array", "System.Object"};
    return container(contents::list, std::move(items), names);
}

object object::array_list(std::vector<value> items)
{
    static const type_names names{"System.Collections.ArrayList", "System.Object"};
    return container(contents::list, std::move(items), names);
}

object object::hashtable(std::vector<std::pair<value, value>> entries)
{
    static const type_names names{"System.Collections.Hashtable", "System.Object"};
    object made(names);
    made.holds = contents::dictionary;
    made.items.reserve(entries.size() * 2);
    for (auto& [key, content] : entries) {
        made.items.push_back(std::move(key));
        made.items.push_back(std::move(content));
    }
    return made;
}

object object::enumeration(std::string_view type, std::string_view name, value number)
{
    object made(type_names{type, "System.Enum", "System.ValueType", "System.Object"});
    made.holds = contents::primitive;
    made.items.push_back(std::move(number));
    made.to_string = value(name);
    return made;
}

object object::wrapped(value primitive)
{
    object made;
    made.holds = contents::primitive;
    made.items.push_back(std::move(primitive));
    return made;
}

std::pair<value, value> make_reference()
{
    char* data = nullptr;
    value identity = access::make(detail::cell::room(kind::string, 0, data));
    detail::cell other = access::cell(identity);
    other.set_kind(kind::reference);
    return {identity, access::make(std::move(other))};
}

} // namespace winrm::clixml
