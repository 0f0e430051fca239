#include "base/text.h"
#include "soap/namespaces.h"
#include "wsman/envelope_parts.h"
#include "wsman/message.h"

#include <array>

namespace winrm::wsman {
namespace {

constexpr std::size_t quoted_text = 200; // bytes of a fault's own text, which may quote the request
constexpr base::bytes_view detail_base = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";
constexpr base::bytes_view wmi_error =
    "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/microsoft/windows/management/MSFT_WmiError";
constexpr fault_row unknown_fault{fault_code::operation_aborted, "internal_error", "Receiver", "w:InternalError", "",
                                  "The request failed."};

void write_reply_headers(xml::writer& w, const reply_header& h, base::bytes_view action)
{
    w.open("s:Header");
    w.leaf("a:Action", action);
    w.leaf("a:MessageID", h.message_id);
    w.leaf("a:To", soap::anonymous_role);
    if (!h.relates_to.empty()) w.leaf("a:RelatesTo", h.relates_to);
    w.close();
}

base::bytes_view fault_action(base::bytes_view subcode)
{
    switch (subcode.empty() ? 'w' : subcode.front()) {
    case 'a': return action::addressing_fault;
    case 'n': return action::enumeration_fault;
    case 'e': return action::eventing_fault;
    default: return action::wsman_fault;
    }
}

std::string hresult(std::uint32_t code)
{
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "HRESULT 0x";
    for (int shift = 28; shift >= 0; shift -= 4) out += digits[(code >> static_cast<unsigned>(shift)) & 15U];
    return out;
}

// The form in which newer Windows reports quotas; clients that throttle look for error_Code in it.
void write_wmi_error(xml::writer& w, std::uint32_t code, base::bytes_view words)
{
    w.open("wmi:MSFT_WmiError").attribute("xmlns:wmi", wmi_error);
    w.leaf("wmi:CIMStatusCode", "27"); // CIM: server limits exceeded
    w.leaf("wmi:Message", words);
    w.leaf("wmi:MessageID", hresult(code));
    w.leaf("wmi:error_Category", "30");
    w.leaf("wmi:error_Code", std::to_string(code));
    w.leaf("wmi:error_Type", "HRESULT");
    w.leaf("wmi:error_WindowsErrorMessage", words);
    w.close();
}

void write_detail(xml::writer& w, const fault& f, const fault_row& row, base::bytes_view words,
                  base::bytes_view machine)
{
    const auto code = static_cast<std::uint32_t>(f.code);
    const base::bytes_view detail = f.detail.empty() ? row.detail : base::bytes_view(f.detail);
    w.open("s:Detail");
    if (!detail.empty()) w.leaf("w:FaultDetail", std::string(detail_base) + std::string(detail));
    w.open("f:WSManFault");
    declare(w, "f");
    w.attribute("Code", std::to_string(code)).attribute("Machine", machine);
    w.leaf("f:Message", words).close();
    if (is_quota(f.code)) write_wmi_error(w, code, words);
    w.close();
}

} // namespace

std::string write_reply(const reply_header& h, base::bytes_view action, const body_writer& body)
{
    std::string out;
    xml::writer w(out);
    open_envelope(w, action, true);
    write_reply_headers(w, h, action);
    w.open("s:Body");
    if (body) body(w);
    w.close().close();
    return out;
}

std::string write_fault(const reply_header& h, const fault& f, base::bytes_view machine)
{
    const fault_row* found = find_fault(static_cast<std::uint32_t>(f.code));
    const fault_row& row = found == nullptr ? unknown_fault : *found;
    const std::string words = f.text.empty() ? std::string(row.text) : base::printable(f.text, quoted_text);
    std::string out;
    xml::writer w(out);
    open_envelope(w, fault_action(row.subcode), true);
    write_reply_headers(w, h, fault_action(row.subcode));
    w.open("s:Body").open("s:Fault").open("s:Code");
    w.leaf("s:Value", "s:" + std::string(row.role));
    if (!row.subcode.empty()) {
        // The envelope declares no prefix for eventing: no other message of ours needs it.
        w.open("s:Subcode").open("s:Value");
        if (row.subcode.front() == 'e') declare(w, "e");
        w.text(row.subcode).close().close();
    }
    w.close();
    w.open("s:Reason").open("s:Text").attribute("xml:lang", "en-US").text(words).close().close();
    write_detail(w, f, row, words, machine);
    w.close().close().close();
    return out;
}

} // namespace winrm::wsman
