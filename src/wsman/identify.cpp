#include "wsman/identify.h"

#include "soap/namespaces.h"
#include "wsman/envelope_parts.h"

namespace winrm::wsman {

std::string write_identify_reply(const identity& id)
{
    std::string out;
    xml::writer w(out);
    w.open("s:Envelope").attribute("xml:lang", "en-US");
    declare(w, "s");
    w.open("s:Header").close();
    w.open("s:Body").open("wsmid:IdentifyResponse");
    declare(w, "wsmid");
    w.leaf("wsmid:ProtocolVersion", id.protocol_version);
    w.leaf("wsmid:ProductVendor", id.product_vendor);
    w.leaf("wsmid:ProductVersion", id.product_version);
    if (!id.security_profiles.empty()) {
        w.open("wsmid:SecurityProfiles");
        for (const std::string& p : id.security_profiles) w.leaf("wsmid:SecurityProfileName", p);
        w.close();
    }
    w.close().close().close();
    return out;
}

result<identity> read_identify_reply(const soap::envelope& e)
{
    const xml::element* response = e.payload();
    if (response == nullptr || !response->is(soap::ns::wsmid, "IdentifyResponse")) {
        return error{errc::protocol, "the answer is no IdentifyResponse"};
    }
    identity id;
    for (const xml::element* c : response->children()) {
        if (c->is(soap::ns::wsmid, "ProtocolVersion")) id.protocol_version = c->trimmed();
        if (c->is(soap::ns::wsmid, "ProductVendor")) id.product_vendor = c->trimmed();
        if (c->is(soap::ns::wsmid, "ProductVersion")) id.product_version = c->trimmed();
        if (!c->is(soap::ns::wsmid, "SecurityProfiles")) continue;
        for (const xml::element* p : c->children()) {
            if (p->is(soap::ns::wsmid, "SecurityProfileName")) id.security_profiles.emplace_back(p->trimmed());
        }
    }
    return id;
}

} // namespace winrm::wsman
