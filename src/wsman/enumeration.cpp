#include "wsman/enumeration.h"

#include "base/text.h"
#include "soap/namespaces.h"

namespace winrm::wsman {
namespace {

constexpr base::bytes_view xpath_dialect = "http://www.w3.org/TR/1999/REC-xpath-19991116"; // default of DSP0226 8.3
constexpr std::size_t max_context = 256;
constexpr std::size_t max_selectors = 256;

fault refuse(fault_code code, std::string text = {}) { return {code, std::move(text), {}}; }

fault wrong_body(const char* wanted)
{
    return refuse(fault_code::schema_validation_error, std::string("The body holds no ") + wanted + " element.");
}

// Ruby's client puts MaxElements into the enumeration namespace, DSP0226 8.7 into WS-Management's: both are taken.
const xml::element* either(const xml::element& parent, base::bytes_view local)
{
    const xml::element* found = parent.child(soap::ns::w, local);
    return found != nullptr ? found : parent.child(soap::ns::n, local);
}

// false: not a positive number
bool read_max_elements(const xml::element& parent, std::size_t& to)
{
    const xml::element* e = either(parent, "MaxElements");
    if (e == nullptr) return true;
    const auto value = base::parse_unsigned(e->trimmed());
    if (!value || *value == 0) return false;
    to = *value;
    return true;
}

std::optional<fault> read_filter(const xml::element& filter, enumerate_request& r)
{
    const base::bytes_view* dialect = filter.attribute_value({}, "Dialect");
    r.filter_dialect = dialect == nullptr ? std::string(xpath_dialect) : std::string(base::trim(*dialect));
    if (r.filter_dialect != selector_filter_dialect) return {};
    const xml::element* set = filter.child(soap::ns::w, "SelectorSet");
    if (set == nullptr || set->children().size() > max_selectors) return refuse(fault_code::cannot_process_filter);
    for (const xml::element* c : set->children()) {
        const base::bytes_view* name = c->attribute_value({}, "Name");
        if (!c->is(soap::ns::w, "Selector") || name == nullptr || name->empty() ||
            r.filter_selectors.find(*name) != nullptr) {
            return refuse(fault_code::cannot_process_filter, "The selectors of the filter are not valid.");
        }
        r.filter_selectors.add(std::string(*name), std::string(c->trimmed()));
    }
    return {};
}

std::variant<std::string, fault> read_context(const xml::element& parent)
{
    const xml::element* e = parent.child(soap::ns::n, "EnumerationContext");
    if (e == nullptr || e->trimmed().empty() || e->trimmed().size() > max_context) {
        return refuse(fault_code::invalid_enumeration_context);
    }
    return std::string(e->trimmed());
}

void write_part(xml::writer& w, base::bytes_view items_name, const body_writer& items)
{
    w.open(items_name);
    if (items) items(w);
    w.close();
}

} // namespace

std::variant<enumerate_request, fault> read_enumerate(const xml::element* payload)
{
    if (payload == nullptr || !payload->is(soap::ns::n, "Enumerate")) return wrong_body("Enumerate");
    enumerate_request r;
    r.optimize = payload->child(soap::ns::w, "OptimizeEnumeration") != nullptr;
    if (!read_max_elements(*payload, r.max_elements)) {
        return refuse(fault_code::wsman_invalid_parameter, "MaxElements is no positive number.");
    }
    if (const xml::element* mode = payload->child(soap::ns::w, "EnumerationMode")) {
        r.mode = mode->trimmed();
        if (r.mode != "EnumerateEPR" && r.mode != "EnumerateObjectAndEPR") {
            return fault{fault_code::unsupported_feature, "The EnumerationMode is not known.", "EnumerationMode"};
        }
    }
    // One of the two forms, not both (DSP0226 R8.3-3).
    if (payload->child(soap::ns::w, "Filter") != nullptr && payload->child(soap::ns::n, "Filter") != nullptr) {
        return refuse(fault_code::cannot_process_filter, "There are two filters.");
    }
    if (const xml::element* filter = either(*payload, "Filter")) {
        if (auto why = read_filter(*filter, r)) return std::move(*why);
    }
    return r;
}

std::variant<pull_request, fault> read_pull(const xml::element* payload)
{
    if (payload == nullptr || !payload->is(soap::ns::n, "Pull")) return wrong_body("Pull");
    auto context = read_context(*payload);
    if (auto* why = std::get_if<fault>(&context)) return std::move(*why);
    pull_request r;
    r.context = std::move(std::get<std::string>(context));
    if (!read_max_elements(*payload, r.max_elements)) {
        return refuse(fault_code::wsman_invalid_parameter, "MaxElements is no positive number.");
    }
    return r;
}

std::variant<std::string, fault> read_release(const xml::element* payload)
{
    if (payload == nullptr || !payload->is(soap::ns::n, "Release")) return wrong_body("Release");
    return read_context(*payload);
}

void write_enumerate_response(xml::writer& w, base::bytes_view context, bool optimized, const body_writer& items,
                              bool end)
{
    w.open("n:EnumerateResponse");
    w.leaf("n:EnumerationContext", context);
    if (optimized) {
        write_part(w, "w:Items", items);
        if (end) w.open("w:EndOfSequence").close();
    }
    w.close();
}

void write_pull_response(xml::writer& w, base::bytes_view context, const body_writer& items, bool end)
{
    w.open("n:PullResponse");
    if (!end) w.leaf("n:EnumerationContext", context);
    write_part(w, "n:Items", items);
    if (end) w.open("n:EndOfSequence").close();
    w.close();
}

body_writer enumerate_body(enumerate_request r)
{
    return [r = std::move(r)](xml::writer& w) {
        w.open("n:Enumerate");
        if (r.optimize) w.open("w:OptimizeEnumeration").close();
        if (r.max_elements != 0) w.leaf("w:MaxElements", std::to_string(r.max_elements));
        if (!r.filter_dialect.empty()) {
            w.open("w:Filter").attribute("Dialect", r.filter_dialect).open("w:SelectorSet");
            for (const selector& s : r.filter_selectors.items()) {
                w.open("w:Selector").attribute("Name", s.name).text(s.value).close();
            }
            w.close().close();
        }
        if (!r.mode.empty()) w.leaf("w:EnumerationMode", r.mode);
        w.close();
    };
}

body_writer pull_body(pull_request r)
{
    return [r = std::move(r)](xml::writer& w) {
        w.open("n:Pull")
            .leaf("n:EnumerationContext", r.context)
            .leaf("n:MaxElements", std::to_string(r.max_elements))
            .close();
    };
}

body_writer release_body(std::string context)
{
    return [context = std::move(context)](xml::writer& w) {
        w.open("n:Release").leaf("n:EnumerationContext", context).close();
    };
}

result<enumeration_part> read_enumeration(const xml::element* payload)
{
    if (payload == nullptr ||
        (!payload->is(soap::ns::n, "EnumerateResponse") && !payload->is(soap::ns::n, "PullResponse"))) {
        return error{errc::protocol, "the answer is no enumeration"};
    }
    enumeration_part part;
    if (const xml::element* context = payload->child(soap::ns::n, "EnumerationContext"))
        part.context = context->trimmed();
    if (const xml::element* items = either(*payload, "Items"))
        part.items.assign(items->children().begin(), items->children().end());
    part.end = either(*payload, "EndOfSequence") != nullptr;
    return part;
}

} // namespace winrm::wsman
