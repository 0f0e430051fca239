#include "clixml/escape.h"
#include "clixml/json.h"
#include "clixml/json_tree.h"
#include "clixml/object_node.h"
#include "clixml/primitives.h"
#include "clixml/scanner.h"

#include <map>
#include <optional>

namespace winrm::clixml {
namespace {

using type = json_node::type;

/// The one UTF-16 code unit that a text is.
std::optional<char16_t> unit_of(base::bytes_view words)
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(words[i])); };
    if (words.size() == 1 && at(0) < 0x80) return static_cast<char16_t>(at(0));
    if (words.size() == 2 && at(0) >= 0xC2 && at(0) <= 0xDF)
        return static_cast<char16_t>((at(0) & 0x1FU) << 6U | (at(1) & 0x3FU));
    if (words.size() == 3 && (at(0) & 0xF0U) == 0xE0U)
        return static_cast<char16_t>((at(0) & 0x0FU) << 12U | (at(1) & 0x3FU) << 6U | (at(2) & 0x3FU));
    return std::nullopt;
}

/// Exactly one element, well-formed.
bool is_one_element(base::bytes_view xml)
{
    scanner from;
    from.rebase(xml);
    from.last();
    if (!xml.starts_with('<')) return false;
    std::vector<std::string> open;
    for (bool begun = false;;) {
        switch (from.next()) {
        case scanner::token::start:
            if (begun && open.empty()) return false;
            if (from.has_prefix()) return false;
            open.emplace_back(from.name());
            begun = true;
            break;
        case scanner::token::empty:
            if ((begun && open.empty()) || from.has_prefix()) return false;
            begun = true;
            break;
        case scanner::token::end:
            if (open.empty() || open.back() != from.name()) return false;
            open.pop_back();
            break;
        case scanner::token::text:
            if (open.empty()) return false;
            break;
        case scanner::token::finished: return begun && open.empty();
        default: return false;
        }
    }
}

class json_builder
{
public:
    [[nodiscard]] bool convert(const json_node& n, value& into)
    {
        switch (n.is) {
        case type::null: into = value(); return true;
        case type::boolean: into = value(n.text == "true"); return true;
        case type::string: into = value(n.text); return true;
        case type::number: into = number(n.text); return true;
        case type::array: {
            std::vector<value> items;
            if (!convert_items(n, items)) return false;
            into = value(object::array(std::move(items)));
            return true;
        }
        case type::object: break;
        }
        if (const json_node* id = n.find("$ref"); id != nullptr && n.names.size() == 1) return refer(*id, into);
        if (n.names.size() == 1 && n.names.front().starts_with('$')) {
            const std::string& name = n.names.front();
            const json_node& content = n.items.front();
            if (name == "$unknown") return unknown(content, into);
            if (const auto what = kind_of_name(base::bytes_view(name).substr(1)); what && !element_of(*what).empty())
                return typed(content, *what, into);
        }
        return convert_object(n, kind::object, into);
    }

    [[nodiscard]] std::size_t where() const { return where_; }
    [[nodiscard]] const char* why() const { return why_; }

private:
    bool fail(const json_node& n, const char* why)
    {
        where_ = n.at;
        why_ = why;
        return false;
    }

    static value number(const std::string& words)
    {
        if (words.find_first_of(".eE") == std::string::npos) {
            for (const kind k : {kind::int32, kind::int64, kind::uint64}) {
                if (auto v = parse_primitive(k, words)) return *v;
            }
        }
        return *parse_primitive(kind::double_precision, words);
    }

    bool typed(const json_node& n, kind what, value& into)
    {
        if (n.is == type::array || n.is == type::object) return fail(n, "this is not the JSON of its kind");
        if (what == kind::character && n.is == type::string) {
            const auto unit = unit_of(n.text);
            if (!unit) return fail(n, "a char is not one UTF-16 code unit");
            into = value(*unit);
            return true;
        }
        auto made = parse_primitive(what, n.text);
        if (!made) return fail(n, "this is not of the kind that is said of it");
        into = std::move(*made);
        return true;
    }

    bool refer(const json_node& id, value& into)
    {
        const auto known = ids_.find(id.text);
        if (known == ids_.end()) return fail(id, "a $ref has no $id before it");
        into = known->second;
        return true;
    }

    bool unknown(const json_node& n, value& into)
    {
        if (n.is != type::string || !is_one_element(n.text)) return fail(n, "$unknown is not one XML element");
        into = value::of_text(kind::unknown, n.text);
        return true;
    }

    bool convert_items(const json_node& n, std::vector<value>& into)
    {
        if (n.is != type::array) return fail(n, "an array must stand here");
        into.reserve(n.items.size());
        for (const json_node& item : n.items) {
            if (!convert(item, into.emplace_back())) return false;
        }
        return true;
    }

    /// Plain, or as "$as" says.
    bool convert_member(const std::string& name, const json_node& n, const json_node* as, value& into)
    {
        const json_node* said = as == nullptr ? nullptr : as->find(name);
        if (said == nullptr) return convert(n, into);
        const auto what = kind_of_name(said->text);
        if (!what || element_of(*what).empty()) return fail(*said, "$as names no kind");
        return typed(n, *what, into);
    }

    bool convert_object(const json_node& n, kind what, value& into)
    {
        for (std::size_t i = 0; i < n.names.size(); ++i) {
            const std::string& name = n.names[i];
            const json_node& content = n.items[i];
            if (name == "$progress" || name == "$property_set") {
                const kind inner = name == "$progress" ? kind::progress_record : kind::property_set;
                if (content.is != type::object || n.names.size() > (n.find("$id") != nullptr ? 2U : 1U))
                    return fail(content, "$progress and $property_set stand alone, and are objects");
                if (!convert_object(content, inner, into)) return false;
                if (const json_node* id = n.find("$id")) ids_.insert_or_assign(id->text, into);
                return true;
            }
        }
        object o;
        std::string id;
        if (const json_node* said = n.find("$id")) {
            id = said->text;
            auto [identity, reference] = make_reference();
            o.identity = std::move(identity);
            ids_.insert_or_assign(id, std::move(reference));
        }
        const json_node* as = n.find("$as");
        for (std::size_t i = 0; i < n.names.size(); ++i) {
            const std::string& name = n.names[i];
            const json_node& content = n.items[i];
            const bool good = name.starts_with('$') && !name.starts_with("$$") ? special(name, content, as, o)
                                                                               : member(name, content, n, as, o);
            if (!good) return false;
        }
        if (!id.empty()) ids_.erase(id);
        // Nobody inside refers to it: then its identity says nothing.
        if (!id.empty() && !access::cell(o.identity).is_shared()) o.identity = value();
        into = value(what, std::move(o));
        if (!id.empty()) ids_.insert_or_assign(id, into);
        return true;
    }

    bool member(const std::string& name, const json_node& content, const json_node& n, const json_node* as, object& o)
    {
        value v;
        if (!convert_member(name, content, as, v)) return false;
        const std::string own = name.starts_with('$') ? name.substr(1) : name;
        bool is_adapted = false;
        if (const json_node* adapted = n.find("$adapted")) {
            is_adapted = adapted->text == "true";
            for (const json_node& a : adapted->items) is_adapted = is_adapted || a.text == own;
        }
        (is_adapted ? o.adapted : o.extended).push_back({text(own), std::move(v)});
        return true;
    }

    bool special(const std::string& name, const json_node& n, const json_node* as, object& o)
    {
        if (name == "$id" || name == "$as" || name == "$adapted") return true;
        if (name == "$types") {
            if (n.is != type::array) return fail(n, "$types is not an array");
            std::vector<text> names;
            for (const json_node& t : n.items) names.emplace_back(t.text);
            o.types = type_names(std::move(names));
            return true;
        }
        if (name == "$text") {
            if (n.is != type::string) return fail(n, "$text is not a string");
            o.to_string = value(n.text);
            return true;
        }
        if (name == "$value") {
            o.holds = contents::primitive;
            return convert_member(name, n, as, o.items.emplace_back());
        }
        if (name == "$properties") return properties(n, o);
        if (name == "$dictionary") return dictionary(n, o);
        for (const contents c : {contents::list, contents::stack, contents::queue, contents::enumerable}) {
            if (base::bytes_view(name).substr(1) != name_of(c)) continue;
            o.holds = c;
            return convert_items(n, o.items);
        }
        return fail(n, "a member whose name begins with '$' is none of the mapping");
    }

    bool dictionary(const json_node& n, object& o)
    {
        o.holds = contents::dictionary;
        if (n.is == type::object) {
            const json_node* as = n.find("$as");
            for (std::size_t i = 0; i < n.names.size(); ++i) {
                const std::string& name = n.names[i];
                const json_node& content = n.items[i];
                if (name == "$as") continue;
                o.items.emplace_back(name.starts_with("$$") ? name.substr(1) : name);
                if (!convert_member(name, content, as, o.items.emplace_back())) return false;
            }
            return true;
        }
        for (const json_node& pair : n.items) {
            if (pair.is != type::array || pair.items.size() != 2) return fail(pair, "an entry is not a key and a value");
            for (const json_node& part : pair.items) {
                value v;
                if (!convert(part, v)) return false;
                o.items.push_back(std::move(v));
            }
        }
        return n.is == type::array || fail(n, "$dictionary is neither an object nor an array");
    }

    bool properties(const json_node& n, object& o)
    {
        if (n.is != type::array) return fail(n, "an array must stand here");
        for (const json_node& p : n.items) {
            const json_node *name = p.find("name"), *adapted = p.find("adapted"), *content = p.find("value");
            if (name == nullptr || content == nullptr) return fail(p, "a property has no name or no value");
            value v;
            if (!convert(*content, v)) return false;
            const bool is_adapted = adapted != nullptr && adapted->text == "true";
            (is_adapted ? o.adapted : o.extended).push_back({text(name->text), std::move(v)});
        }
        return true;
    }

    std::map<std::string, value> ids_;
    std::size_t where_ = 0;
    const char* why_ = "";
};

} // namespace

result<value> from_json(base::bytes_view json, const limits& bounds)
{
    auto made = item_from_json(json, bounds);
    if (!made) return std::move(made).error();
    return std::move(made->content);
}

namespace {

result<item> item_of(const json_node& node, base::bytes_view json, json_builder& builder)
{
    item made;
    const json_node* root = &node;
    const json_node *stream = root->find("$stream"), *content = root->find("$item");
    if (stream != nullptr && content != nullptr) {
        made.stream = text(stream->text);
        root = content;
    }
    if (!builder.convert(*root, made.content)) return located(json, builder.where(), errc::protocol, builder.why());
    return made;
}

} // namespace

result<item> item_from_json(base::bytes_view json, const limits& bounds)
{
    const auto tree = parse_json(json, bounds);
    if (!tree) return tree.error();
    json_builder builder;
    return item_of(*tree, json, builder);
}

result<std::vector<item>> items_from_json(base::bytes_view json, const limits& bounds)
{
    const auto tree = parse_json(json, bounds);
    if (!tree) return tree.error();
    std::vector<item> all;
    const bool many = tree->is == type::array;
    for (std::size_t i = 0; i < (many ? tree->items.size() : 1); ++i) {
        json_builder builder; // ids hold for their value, as to_json() gives them
        auto made = item_of(many ? tree->items[i] : *tree, json, builder);
        if (!made) return std::move(made).error();
        all.push_back(std::move(*made));
    }
    return all;
}

} // namespace winrm::clixml
