#include "clixml/escape.h"
#include "clixml/json.h"
#include "clixml/json_tree.h"
#include "clixml/object_node.h"
#include "clixml/primitives.h"

#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace winrm::clixml {
namespace {

bool is_object(kind k) { return k == kind::object || k == kind::progress_record || k == kind::property_set; }

bool fits_int32(std::int64_t n)
{
    return n >= std::numeric_limits<std::int32_t>::min() && n <= std::numeric_limits<std::int32_t>::max();
}

/// Digits, and a point among them: what JSON calls a number.
bool is_json_number(base::bytes_view s)
{
    if (s.starts_with('-')) s.remove_prefix(1);
    const auto point = s.find('.');
    const base::bytes_view whole = s.substr(0, point);
    return !whole.empty() && (whole.size() == 1 || whole.front() != '0') && !s.ends_with('.') &&
           s.find_first_not_of("0123456789.") == base::bytes_view::npos;
}

bool is_plain_array(const object& o)
{
    static const type_names names{"System.Object[]", "System.Array", "System.Object"};
    return o.holds == contents::list && o.types == names && o.to_string.is_null() && o.adapted.empty() &&
           o.extended.empty() && o.identity.is_null();
}

/// Objects that a value reaches more than once: they get an id.
class repeats
{
public:
    void look(const value& v)
    {
        if (!is_object(v.what())) return;
        const detail::cell& c = access::cell(v);
        if (c.is_shared() && !seen_.insert(c.address()).second) {
            repeated_.insert(c.address());
            return;
        }
        const object& o = *v.as_object();
        for (const auto* list : {&o.adapted, &o.extended}) {
            for (const property& p : *list) look(p.content);
        }
        for (const value& item : o.items) look(item);
    }
    [[nodiscard]] bool has(const value& v) const { return repeated_.contains(access::cell(v).address()); }

private:
    std::unordered_set<const void*> seen_, repeated_;
};

class json_writer
{
public:
    json_writer(std::string& out, const value& root, json_options options) : out_(out), options_(options)
    {
        repeats_.look(root);
    }

    void write(const value& v)
    {
        if (is_object(v.what())) return options_.plain ? write_plain_object(v) : write_object(v);
        if (options_.plain) return write_bare(v);
        if (v.what() == kind::reference) return refer(access::cell(v).address());
        if (v.what() == kind::unknown) {
            out_ += R"({"$unknown":)";
            append_json_string(v.words(), out_);
            out_ += '}';
            return;
        }
        if (says_its_kind(v)) return write_bare(v);
        out_ += "{\"$";
        out_ += name_of(v.what());
        out_ += "\":";
        write_bare(v);
        out_ += '}';
    }

private:
    /// JSON alone says what kind it is.
    [[nodiscard]] static bool says_its_kind(const value& v)
    {
        switch (v.what()) {
        case kind::null:
        case kind::boolean:
        case kind::string:
        case kind::int32: return true;
        case kind::int64: return !fits_int32(*v.as<std::int64_t>());
        case kind::double_precision: {
            const double d = *v.as<double>();
            return d - d == 0; // neither infinite nor NaN
        }
        default: return false;
        }
    }

    /// The value without its kind.
    void write_bare(const value& v)
    {
        std::string words;
        switch (v.what()) {
        case kind::null:
        case kind::reference: out_ += "null"; return;
        case kind::character: {
            const char16_t unit = *v.as<char16_t>();
            append_utf8(unit, words);
            append_json_string(words, out_);
            return;
        }
        case kind::single_precision:
        case kind::double_precision:
            format_primitive(v, words);
            if (words.find_first_of("NI") != std::string::npos) return append_json_string(words, out_);
            out_ += words;
            if (words.find_first_of(".E") == std::string::npos) out_ += ".0";
            return;
        case kind::boolean:
        case kind::int8:
        case kind::uint8:
        case kind::int16:
        case kind::uint16:
        case kind::int32:
        case kind::uint32:
        case kind::int64:
        case kind::uint64: format_primitive(v, out_); return;
        case kind::decimal:
            if (is_json_number(v.words())) out_ += v.words();
            else append_json_string(v.words(), out_);
            return;
        default: format_primitive(v, words); append_json_string(words, out_);
        }
    }

    void refer(const void* address)
    {
        const auto known = ids_.find(address);
        out_ += known == ids_.end() ? "null" : R"({"$ref":)" + std::to_string(known->second) + '}';
    }

    void separate()
    {
        if (out_.back() != '{' && out_.back() != '[') out_ += ',';
    }
    void key(base::bytes_view name)
    {
        separate();
        append_json_string(name, out_);
        out_ += ':';
    }
    /// A name that begins with '$' is written with two.
    void member_key(base::bytes_view name)
    {
        if (name.starts_with('$')) key('$' + std::string(name));
        else key(name);
    }

    void write_object(const value& v)
    {
        const object& o = *v.as_object();
        const bool repeated = repeats_.has(v);
        if (repeated && ids_.contains(access::cell(v).address())) return refer(access::cell(v).address());
        if (v.what() == kind::object && !repeated && is_plain_array(o)) return write_items(o.items);
        const char* closing = "}";
        out_ += '{';
        if (repeated || !o.identity.is_null()) {
            const std::size_t id = next_id_++;
            if (repeated) ids_.emplace(access::cell(v).address(), id);
            if (!o.identity.is_null()) ids_.emplace(access::cell(o.identity).address(), id);
            key("$id");
            out_ += std::to_string(id);
        }
        if (v.what() != kind::object) {
            key(v.what() == kind::progress_record ? "$progress" : "$property_set");
            out_ += '{';
            closing = "}}";
        }
        if (!o.types.empty()) {
            key("$types");
            out_ += '[';
            for (const text& t : o.types.all()) {
                separate();
                append_json_string(t, out_);
            }
            out_ += ']';
        }
        if (!o.to_string.is_null()) {
            key("$text");
            write_bare(o.to_string);
        }
        write_members(o);
        out_ += closing;
    }

    void write_items(const std::vector<value>& items)
    {
        out_ += '[';
        for (const value& i : items) {
            separate();
            write(i);
        }
        out_ += ']';
    }

    /// Kinds of members, told beside them, so that the members themselves are plain JSON.
    using kinds = std::vector<std::pair<std::string, kind>>;
    void write_member(base::bytes_view name, const value& v, kinds& as)
    {
        const bool primitive = !is_object(v.what()) && v.what() != kind::reference && v.what() != kind::unknown;
        if (!primitive || says_its_kind(v)) return write(v);
        as.emplace_back(name, v.what());
        write_bare(v);
    }
    void write_kinds(const kinds& as)
    {
        if (as.empty()) return;
        key("$as");
        out_ += '{';
        for (const auto& [name, what] : as) {
            key(name);
            append_json_string(name_of(what), out_);
        }
        out_ += '}';
    }

    void write_members(const object& o)
    {
        kinds as;
        if (o.holds == contents::primitive && !o.items.empty()) {
            key("$value");
            write_member("$value", o.items.front(), as);
        } else if (o.holds == contents::dictionary) {
            key("$dictionary");
            write_dictionary(o.items);
        } else if (o.holds != contents::none && o.holds != contents::primitive) {
            key('$' + std::string(name_of(o.holds)));
            write_items(o.items);
        }
        std::set<base::bytes_view> names;
        for (const auto* list : {&o.adapted, &o.extended}) {
            for (const property& p : *list) names.insert(p.name.view());
        }
        if (names.size() != o.adapted.size() + o.extended.size()) write_properties(o);
        else {
            for (const auto* list : {&o.adapted, &o.extended}) {
                for (const property& p : *list) {
                    const std::string name = (p.name.view().starts_with('$') ? "$" : "") + std::string(p.name.view());
                    key(name);
                    write_member(name, p.content, as);
                }
            }
            write_adapted(o);
        }
        write_kinds(as);
    }

    void write_adapted(const object& o)
    {
        if (o.adapted.empty()) return;
        key("$adapted");
        if (o.extended.empty()) {
            out_ += "true";
            return;
        }
        out_ += '[';
        for (const property& p : o.adapted) {
            separate();
            append_json_string(p.name, out_);
        }
        out_ += ']';
    }

    /// A name stands twice: JSON's members could not say it.
    void write_properties(const object& o)
    {
        key("$properties");
        out_ += '[';
        for (const auto* list : {&o.adapted, &o.extended}) {
            for (const property& p : *list) {
                separate();
                out_ += '{';
                key("name");
                append_json_string(p.name, out_);
                key("adapted");
                out_ += list == &o.adapted ? "true" : "false";
                key("value");
                write(p.content);
                out_ += '}';
            }
        }
        out_ += ']';
    }

    void write_dictionary(const std::vector<value>& items)
    {
        std::set<base::bytes_view> names;
        bool plain = true;
        for (std::size_t i = 0; i + 1 < items.size(); i += 2)
            plain = plain && items[i].what() == kind::string && names.insert(items[i].words()).second;
        if (plain) {
            kinds as;
            out_ += '{';
            for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
                const std::string name = (items[i].words().starts_with('$') ? "$" : "") + std::string(items[i].words());
                key(name);
                write_member(name, items[i + 1], as);
            }
            write_kinds(as);
            out_ += '}';
            return;
        }
        out_ += '[';
        for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
            separate();
            out_ += '[';
            write(items[i]);
            out_ += ',';
            write(items[i + 1]);
            out_ += ']';
        }
        out_ += ']';
    }

    void write_plain_object(const value& v)
    {
        const object& o = *v.as_object();
        if (repeats_.has(v) && !expanded_.insert(access::cell(v).address()).second) {
            constexpr std::uint64_t most = 100'000;
            unfolded_ += std::min(v.size(), most + 1);
            if (unfolded_ > most) {
                out_ += "null";
                return;
            }
        }
        const bool bare = o.adapted.empty() && o.extended.empty();
        if (o.holds == contents::primitive && bare && !o.items.empty())
            return write(o.types.holds("System.Enum") && !o.to_string.is_null() ? o.to_string : o.items.front());
        if (o.holds == contents::none && bare && !o.to_string.is_null()) return write(o.to_string);
        if (o.holds != contents::none && o.holds != contents::primitive && o.holds != contents::dictionary)
            return write_items(o.items);
        std::set<std::string> names;
        out_ += '{';
        const auto member = [&](const std::string& name, const value& content) {
            if (!names.insert(name).second) return;
            key(name);
            write(content);
        };
        if (o.holds == contents::dictionary) {
            for (std::size_t i = 0; i + 1 < o.items.size(); i += 2) member(key_text(o.items[i]), o.items[i + 1]);
        }
        for (const auto* list : {&o.adapted, &o.extended}) {
            for (const property& p : *list) member(std::string(p.name.view()), p.content);
        }
        if (o.holds == contents::primitive && !o.items.empty()) member("value", o.items.front());
        out_ += '}';
    }
    [[nodiscard]] static std::string key_text(const value& k)
    {
        std::string words;
        if (k.what() == kind::object) {
            const object& o = *k.as_object();
            return std::string(o.to_string.words());
        }
        if (k.what() == kind::character) append_utf8(*k.as<char16_t>(), words);
        else if (!k.is_null() && k.what() != kind::reference && !is_object(k.what())) format_primitive(k, words);
        return words;
    }

    std::string& out_;
    json_options options_;
    repeats repeats_;
    std::unordered_map<const void*, std::size_t> ids_;
    std::unordered_set<const void*> expanded_;
    std::size_t next_id_ = 1;
    std::uint64_t unfolded_ = 0;
};

} // namespace

std::string to_json(const value& what, const json_options& options)
{
    std::string out;
    json_writer(out, what, options).write(what);
    return out;
}

std::string to_json(const item& what, const json_options& options)
{
    if (what.stream.empty()) return to_json(what.content, options);
    std::string out = R"({"$stream":)";
    append_json_string(what.stream, out);
    out += R"(,"$item":)";
    json_writer(out, what.content, options).write(what.content);
    out += '}';
    return out;
}

} // namespace winrm::clixml
