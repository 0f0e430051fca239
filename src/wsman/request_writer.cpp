#include "soap/namespaces.h"
#include "wsman/envelope_parts.h"
#include "wsman/message.h"

namespace winrm::wsman {

void declare(xml::writer& w, base::bytes_view prefix)
{
    for (const soap::prefix& p : soap::prefixes) {
        if (p.name == prefix) w.attribute("xmlns:" + std::string(prefix), p.uri);
    }
}

namespace {

std::string declarations(std::initializer_list<base::bytes_view> prefixes)
{
    std::string out;
    xml::writer w(out);
    for (const base::bytes_view prefix : prefixes) declare(w, prefix);
    return out;
}

} // namespace

void open_envelope(xml::writer& w, base::bytes_view action, bool with_language)
{
    static const std::string of_shells = declarations({"s", "a", "w", "p", "rsp"});
    static const std::string of_others = declarations({"s", "a", "w", "p", "x", "n", "rsp"});
    w.open("s:Envelope");
    if (with_language) w.attribute("xml:lang", "en-US");
    w.attributes(action.substr(0, soap::ns::rsp.size()) == soap::ns::rsp ? of_shells : of_others);
}

void must_understand_leaf(xml::writer& w, base::bytes_view qname, base::bytes_view value)
{
    w.open(qname).attribute("s:mustUnderstand", "true").text(value).close();
}

namespace {

void write_locale(xml::writer& w, base::bytes_view qname, base::bytes_view language)
{
    if (language.empty()) return;
    w.open(qname).attribute("xml:lang", language).attribute("s:mustUnderstand", "false").close();
}

void write_selectors(xml::writer& w, const selector_set& set)
{
    if (set.empty()) return;
    w.open("w:SelectorSet");
    for (const selector& s : set.items()) w.open("w:Selector").attribute("Name", s.name).text(s.value).close();
    w.close();
}

void write_options(xml::writer& w, const option_set& set)
{
    if (set.empty()) return;
    w.open("w:OptionSet").attribute("s:mustUnderstand", "true");
    for (const option& o : set.items()) {
        w.open("w:Option").attribute("Name", o.name);
        if (o.must_comply) w.attribute("MustComply", "true");
        w.text(o.value).close();
    }
    w.close();
}

void write_session(xml::writer& w, base::bytes_view qname, base::bytes_view id)
{
    if (!id.empty()) w.open(qname).attribute("s:mustUnderstand", "false").text(id).close();
}

void write_headers(xml::writer& w, const request_header& h)
{
    w.open("s:Header");
    w.leaf("a:To", h.to.empty() ? soap::anonymous_role : base::bytes_view(h.to));
    must_understand_leaf(w, "w:ResourceURI", h.resource_uri);
    w.open("a:ReplyTo");
    must_understand_leaf(w, "a:Address", soap::anonymous_role);
    w.close();
    must_understand_leaf(w, "a:Action", h.action);
    if (h.max_envelope_size != 0) must_understand_leaf(w, "w:MaxEnvelopeSize", std::to_string(h.max_envelope_size));
    w.leaf("a:MessageID", h.message_id);
    write_locale(w, "w:Locale", h.locale);
    write_locale(w, "p:DataLocale", h.data_locale);
    write_session(w, "p:SessionId", h.session_id);
    write_session(w, "p:ActivityId", h.activity_id);
    if (!h.compression.empty()) must_understand_leaf(w, "rsp:CompressionType", h.compression);
    write_options(w, h.options);
    write_selectors(w, h.selectors);
    if (h.operation_timeout) w.leaf("w:OperationTimeout", base::format_duration(*h.operation_timeout));
    w.close();
}

} // namespace

std::string write_request(const outgoing_request& r)
{
    std::string out;
    xml::writer w(out);
    open_envelope(w, r.header.action, false);
    write_headers(w, r.header);
    w.open("s:Body");
    if (r.body) r.body(w);
    w.close().close();
    return out;
}

std::string write_identify()
{
    std::string out;
    xml::writer w(out);
    w.open("s:Envelope");
    declare(w, "s");
    declare(w, "wsmid");
    w.open("s:Header").close();
    w.open("s:Body").open("wsmid:Identify").close().close().close();
    return out;
}

} // namespace winrm::wsman
