#include "base/text.h"
#include "clixml/console.h"
#include "clixml/escape.h"
#include "clixml/object_node.h"
#include "clixml/primitives.h"

#include <algorithm>

namespace winrm::clixml {
namespace {

/// Values in one to_text() that are written, shared ones each time.
constexpr std::uint64_t most_values = 1'000'000;

class printer
{
public:
    std::string out;

    void print(const value& v)
    {
        if (++count_ > most_values) return;
        const object* o = v.as_object();
        if (o == nullptr) return print_primitive(v);
        const bool bare = o->adapted.empty() && o->extended.empty();
        const bool is_error = o->types.holds("System.Management.Automation.ErrorRecord") ||
                              o->types.holds("Deserialized.System.Management.Automation.ErrorRecord") ||
                              o->types.holds("System.Management.Automation.InformationRecord");
        if (!o->to_string.is_null() && (bare || is_error) &&
            (o->holds == contents::none || o->holds == contents::primitive)) {
            out += o->to_string.words();
            return;
        }
        switch (o->holds) {
        case contents::primitive:
            if (!o->items.empty()) print(o->items.front());
            return;
        case contents::dictionary: return print_entries(*o);
        case contents::none: return print_members(*o);
        default: print_items(*o);
        }
    }

private:
    void print_primitive(const value& v)
    {
        switch (v.what()) {
        case kind::null:
        case kind::reference: return;
        case kind::boolean: out += *v.as<bool>() ? "True" : "False"; return;
        case kind::character: append_utf8(*v.as<char16_t>(), out); return;
        case kind::secure_string: out += "System.Security.SecureString"; return;
        default: format_primitive(v, out);
        }
    }

    void separate()
    {
        if (!out.empty() && out.back() != '\n') out += '\n';
    }

    void print_items(const object& o)
    {
        for (const value& v : o.items) {
            separate();
            print(v);
            out += '\n';
        }
        if (!o.items.empty()) out.pop_back();
    }

    /// Within a line: a nested object by its name, a list by its items in braces.
    void print_inside(const value& v, int depth)
    {
        if (++count_ > most_values) return;
        const object* o = v.as_object();
        if (o == nullptr) return print_primitive(v);
        if (!o->to_string.is_null()) {
            out += o->to_string.words();
            return;
        }
        if (o->holds == contents::primitive && !o->items.empty()) return print_inside(o->items.front(), depth + 1);
        constexpr int deepest = 3;
        if (depth > deepest) {
            out += "…";
            return;
        }
        const char* between = "";
        const auto next = [&] {
            out += between;
            between = ", ";
        };
        out += o->holds == contents::none || o->holds == contents::dictionary ? "@{" : "{";
        if (o->holds == contents::dictionary) between = "";
        if (o->holds == contents::dictionary) {
            for (std::size_t i = 0; i + 1 < o->items.size(); i += 2) {
                next();
                print_inside(o->items[i], depth + 1);
                out += '=';
                print_inside(o->items[i + 1], depth + 1);
            }
        } else if (o->holds == contents::none) {
            for (const auto* list : {&o->adapted, &o->extended}) {
                for (const property& p : *list) {
                    next();
                    out += p.name.view();
                    out += '=';
                    print_inside(p.content, depth + 1);
                }
            }
        } else {
            for (const value& i : o->items) {
                next();
                print_inside(i, depth + 1);
            }
        }
        out += '}';
    }

    void print_line(base::bytes_view name, std::size_t width, const value& v)
    {
        separate();
        out += name;
        out.append(width - std::min(width, name.size()), ' ');
        out += " : ";
        print_inside(v, 0);
    }

    void print_members(const object& o)
    {
        std::size_t width = 0;
        for (const auto* list : {&o.adapted, &o.extended}) {
            for (const property& p : *list) width = std::max(width, p.name.view().size());
        }
        for (const auto* list : {&o.adapted, &o.extended}) {
            for (const property& p : *list) print_line(p.name, width, p.content);
        }
    }

    void print_entries(const object& o)
    {
        for (std::size_t i = 0; i + 1 < o.items.size(); i += 2) {
            separate();
            print_inside(o.items[i], 0);
            out += " : ";
            print_inside(o.items[i + 1], 0);
        }
    }

    std::uint64_t count_ = 0;
};

/// Without ESC [ … m: PowerShell 7 colours its errors.
std::string without_colours(base::bytes_view text)
{
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text.substr(at, 2) == "\x1B[") {
            const auto end = text.find_first_not_of("0123456789;:", at + 2);
            if (end != base::bytes_view::npos && text[end] == 'm') {
                at = end + 1;
                continue;
            }
        }
        out += text[at++];
    }
    return out;
}

} // namespace

std::string to_text(const value& what)
{
    printer p;
    p.print(what);
    return std::move(p.out);
}

std::string console_text(const item& what, const console_options& options)
{
    const std::string stream = base::lower(what.stream);
    if (stream == "progress") return {};
    if (stream == "information" && !options.information) return {};
    std::string words = without_colours(to_text(what.content));
    if (stream == "error" && what.content.what() == kind::string) return words; // has its own ends of lines
    static constexpr std::pair<base::bytes_view, base::bytes_view> prefixes[] = {
        {"warning", "WARNING: "}, {"verbose", "VERBOSE: "}, {"debug", "DEBUG: "}};
    for (const auto& [name, prefix] : prefixes) {
        if (stream == name) words.insert(0, prefix);
    }
    if (!words.ends_with('\n')) words += '\n';
    return words;
}

} // namespace winrm::clixml
