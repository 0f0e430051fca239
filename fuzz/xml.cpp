// Any input parses or ends in a named error within the bounds, and what parsed is the same after being written and
// parsed again.
#include "xml/document.h"
#include "xml/writer.h"

#include <cstdint>
#include <cstdlib>
#include <deque>

using namespace winrm;

namespace {

// Every element declares its own namespaces: the tree holds no prefixes.
void write(xml::writer& w, const xml::element& e, std::deque<std::string>& names)
{
    const auto name = [&](base::bytes_view ns, base::bytes_view local,
                          const std::string& prefix) -> const std::string& {
        return names.emplace_back((ns.empty() ? "" : prefix + ':') + std::string(local));
    };
    const auto prefix = [](base::bytes_view ns, std::string free) {
        return ns == "http://www.w3.org/XML/1998/namespace" ? std::string("xml") : free;
    };
    w.open(name(e.ns(), e.local(), prefix(e.ns(), "e")));
    if (!e.ns().empty() && prefix(e.ns(), "e") == "e") w.attribute("xmlns:e", e.ns());
    std::size_t number = 0;
    for (const xml::attribute& a : e.attributes()) {
        const std::string p = prefix(a.ns, "a" + std::to_string(number++));
        if (!a.ns.empty() && p != "xml") w.attribute(names.emplace_back("xmlns:" + p), a.ns);
        w.attribute(name(a.ns, a.local, p), a.value);
    }
    w.text(e.text());
    for (const xml::element* c : e.children()) write(w, *c, names);
    w.close();
}

bool same(const xml::element& a, const xml::element& b)
{
    if (!a.is(b.ns(), b.local()) || a.text() != b.text()) return false;
    if (a.attributes().size() != b.attributes().size() || a.children().size() != b.children().size()) return false;
    for (const xml::attribute& x : a.attributes()) {
        const base::bytes_view* value = b.attribute_value(x.ns, x.local);
        if (value == nullptr || *value != x.value) return false;
    }
    for (std::size_t i = 0; i < a.children().size(); ++i) {
        if (!same(*a.children()[i], *b.children()[i])) return false;
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    base::limits limits;
    limits.xml_elements = 5000;
    const auto first = xml::document::parse({reinterpret_cast<const char*>(data), size}, limits);
    if (!first) {
        if (first.error().code() != errc::protocol && first.error().code() != errc::too_large) std::abort();
        return 0;
    }
    std::string text;
    std::deque<std::string> names;
    xml::writer w(text);
    write(w, first->root(), names);
    limits.envelope = text.size();
    limits.xml_attributes *= 2; // one declaration for each
    limits.xml_attributes += 1;
    const auto second = xml::document::parse(text, limits);
    if (!second || !same(first->root(), second->root())) std::abort();
    return 0;
}
