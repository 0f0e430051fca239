#include "soap/envelope.h"

#include "base/text.h"
#include "soap/namespaces.h"

#include <algorithm>

namespace winrm::soap {
namespace {

constexpr base::bytes_view soap11 = "http://schemas.xmlsoap.org/soap/envelope/";

error refused(const char* why) { return {errc::protocol, why}; }

base::bytes_view local_part(base::bytes_view qname)
{
    const auto colon = qname.find(':');
    return colon == base::bytes_view::npos ? qname : qname.substr(colon + 1);
}

// Subcodes are QNames in text: the prefix means what it is declared to mean where it stands.
std::string known_name(const xml::element& value)
{
    const base::bytes_view qname = value.trimmed();
    const auto colon = qname.find(':');
    const base::bytes_view prefix = colon == base::bytes_view::npos ? base::bytes_view() : qname.substr(0, colon);
    const base::bytes_view uri = value.namespace_of_prefix(prefix);
    if (uri.empty()) {
        // Not declared: a sloppy host means the usual prefix.
        const auto usual = [&](const soap::prefix& p) { return p.name == prefix; };
        const bool ours = std::any_of(prefixes.begin(), prefixes.end(), usual);
        return std::string(ours ? qname : local_part(qname));
    }
    const base::bytes_view ours = prefix_of(uri);
    if (ours.empty()) return {};
    return std::string(ours) + ':' + std::string(local_part(qname));
}

// The English text if there are several, else the first.
std::string reason_text(const xml::element& reason)
{
    const xml::element* chosen = nullptr;
    for (const xml::element* t : reason.children()) {
        if (!t->is(ns::s, "Text")) continue;
        if (chosen == nullptr) chosen = t;
        const base::bytes_view* lang = t->attribute_value(ns::xml, "lang");
        if (lang == nullptr || !base::iequals(base::bytes_view(*lang).substr(0, 2), "en")) continue;
        chosen = t;
        break;
    }
    return chosen == nullptr ? std::string() : std::string(chosen->text());
}

} // namespace

result<envelope> envelope::parse(base::bytes_view utf8, const base::limits& limits)
{
    auto parsed = xml::document::parse(utf8, limits);
    if (!parsed) return std::move(parsed).error();
    envelope e(std::move(*parsed));
    const xml::element& root = e.document_.root();
    if (root.is(soap11, "Envelope"))
        return error(errc::not_wsman, "the message is SOAP 1.1, WS-Management needs SOAP 1.2");
    if (!root.is(ns::s, "Envelope")) return refused("the message is no SOAP envelope");
    if (!root.trimmed().empty()) return refused("text stands between the parts of the SOAP envelope");
    for (const xml::element* c : root.children()) {
        if (e.body_ != nullptr) return refused("something follows the body of the SOAP envelope");
        if (c->is(ns::s, "Body")) {
            e.body_ = c;
        } else if (c->is(ns::s, "Header") && e.header_ == nullptr) {
            e.header_ = c;
        } else {
            return refused("the SOAP envelope holds something else than one header and one body");
        }
    }
    if (e.body_ == nullptr) return refused("the SOAP envelope has no body");
    return e;
}

const xml::element* envelope::payload() const noexcept
{
    return body_->children().empty() ? nullptr : body_->children().front();
}

bool envelope::is_fault() const noexcept
{
    const xml::element* p = payload();
    return p != nullptr && p->is(ns::s, "Fault");
}

result<fault> parse_fault(const envelope& e)
{
    if (!e.is_fault()) return refused("the SOAP body holds no fault");
    const xml::element& f = *e.payload();
    const xml::element* code = f.child(ns::s, "Code");
    const xml::element* value = code == nullptr ? nullptr : code->child(ns::s, "Value");
    if (value == nullptr || value->trimmed().empty()) return refused("the SOAP fault has no code");
    fault made;
    made.role = local_part(value->trimmed());
    if (const xml::element* sub = code->child(ns::s, "Subcode")) {
        if (const xml::element* name = sub->child(ns::s, "Value")) made.subcode = known_name(*name);
    }
    if (const xml::element* reason = f.child(ns::s, "Reason")) made.reason = reason_text(*reason);
    made.detail = f.child(ns::s, "Detail");
    return made;
}

} // namespace winrm::soap
