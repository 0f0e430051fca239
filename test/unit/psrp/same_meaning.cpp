#include "unit/psrp/same_meaning.h"

#include "clixml/writer.h"

#include <algorithm>

namespace winrm::test {
namespace {

using clixml::contents;
using clixml::object;
using clixml::value;

bool means_nothing(const value& v)
{
    if (v.is_null() || v.as<bool>() == false || v.as<std::int64_t>() == 0) return true;
    const object* o = v.as_object();
    return o != nullptr && o->items.empty() && o->adapted.empty() && o->extended.empty();
}

const value& plain(const value& v)
{
    const object* o = v.as_object();
    const bool wraps = o != nullptr && o->holds == contents::primitive && o->extended.empty() && o->items.size() == 1;
    return wraps ? o->items.front() : v;
}

std::string of_properties(const value& before, const value& after, const std::string& where)
{
    const object& b = *before.as_object();
    const object& a = *after.as_object();
    for (const auto* list : {&b.adapted, &b.extended})
        for (const auto& p : *list) {
            const std::string name{p.name.view()};
            const value* found = after.find(name);
            if (found == nullptr) {
                if (!means_nothing(p.content)) return where + "." + name + " is lost";
                continue;
            }
            if (auto d = difference(p.content, *found, where + "." + name); !d.empty()) return d;
        }
    for (const auto* list : {&a.adapted, &a.extended})
        for (const auto& p : *list)
            if (before.find(p.name.view()) == nullptr && !means_nothing(p.content))
                return where + "." + std::string{p.name.view()} + " is new";
    return "";
}

std::string of_items(const object& b, const object& a, const std::string& where)
{
    if (b.items.size() != a.items.size() || b.holds != a.holds) return where + " has other items";
    if (b.holds != contents::dictionary) {
        for (std::size_t i = 0; i < b.items.size(); ++i)
            if (auto d = difference(b.items[i], a.items[i], where + "[" + std::to_string(i) + "]"); !d.empty())
                return d;
        return "";
    }
    for (std::size_t i = 0; i + 1 < b.items.size(); i += 2) {
        std::size_t j = 0;
        while (j + 1 < a.items.size() && !(a.items[j] == b.items[i])) j += 2;
        if (j + 1 >= a.items.size()) return where + " lost a key";
        if (auto d = difference(b.items[i + 1], a.items[j + 1], where + "{" + std::to_string(i / 2) + "}"); !d.empty())
            return d;
    }
    return "";
}

} // namespace

std::string difference(const value& before, const value& after, const std::string& where)
{
    const value& b = plain(before);
    const value& a = plain(after);
    if (b.as_object() == nullptr || a.as_object() == nullptr)
        return a == b || (means_nothing(a) && means_nothing(b))
                   ? ""
                   : where + ": " + clixml::write(b) + " became " + clixml::write(a);
    const object& was = *b.as_object();
    const object& is = *a.as_object();
    const bool enumeration = was.holds == contents::primitive;
    if (!enumeration && !was.to_string.is_null() && !(was.to_string == is.to_string))
        return where + " is shown otherwise";
    if (auto d = of_properties(b, a, where); !d.empty()) return d;
    return of_items(was, is, where);
}

} // namespace winrm::test
