#include "service/front/identify_text.h"

#include "base/text.h"

namespace winrm::service::front {
namespace {

std::string escaped(base::bytes_view text)
{
    if (!base::is_utf8(text)) return "?";
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        default: out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    return out;
}

} // namespace

std::string identify_text(base::bytes_view vendor, base::bytes_view version)
{
    std::string out = R"(<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" )"
                      R"(xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">)"
                      "<s:Header/><s:Body><wsmid:IdentifyResponse>"
                      "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
                      "<wsmid:ProductVendor>";
    out += escaped(vendor);
    out += "</wsmid:ProductVendor><wsmid:ProductVersion>";
    out += escaped(version);
    out += "</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>";
    return out;
}

} // namespace winrm::service::front
