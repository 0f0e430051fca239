#include "base/text.h"
#include "soap/namespaces.h"
#include "wsman/fault.h"

#include <charconv>

namespace winrm::wsman {
namespace {

// Unsigned on the wire; .NET programs write the same 32 bits as a signed number. 0 = no code.
std::uint32_t read_code(base::bytes_view text)
{
    text = base::trim(text);
    std::int64_t value = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || stop != text.data() + text.size()) return 0;
    if (value < INT32_MIN || value > UINT32_MAX) return 0;
    return static_cast<std::uint32_t>(value);
}

// "HRESULT 0x803381a6"
std::uint32_t read_hresult(base::bytes_view text)
{
    const auto at = text.find("0x");
    if (at == base::bytes_view::npos) return 0;
    text = base::trim(text.substr(at + 2));
    std::uint32_t value = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return ec == std::errc{} && stop == text.data() + text.size() ? value : 0;
}

const xml::element* child_by_local(const xml::element& parent, base::bytes_view local)
{
    for (const xml::element* c : parent.children()) {
        if (c->local() == local) return c;
    }
    return nullptr;
}

// First words inside: f:Message's own text, or what a ProviderFault or a fault within it says. Depth is bounded by the
// reader's limits.
base::bytes_view first_words(const xml::element& e)
{
    if (!e.trimmed().empty()) return e.text();
    for (const xml::element* c : e.children()) {
        const base::bytes_view words = first_words(*c);
        if (!words.empty()) return words;
    }
    return {};
}

void read_wsman_fault(const xml::element& e, fault_info& info)
{
    if (const base::bytes_view* code = e.attribute_value({}, "Code")) info.code = read_code(*code);
    if (const base::bytes_view* machine = e.attribute_value({}, "Machine")) info.machine = *machine;
    if (const xml::element* message = e.child(soap::ns::f, "Message")) info.message = first_words(*message);
}

// MSFT_WmiError, OMI_Error and their like: CIM errors differ in namespace, not in these names.
void read_cim_error(const xml::element& e, fault_info& info)
{
    if (info.code == 0) {
        if (const xml::element* code = child_by_local(e, "error_Code")) info.code = read_code(code->text());
    }
    if (info.code == 0) {
        if (const xml::element* id = child_by_local(e, "MessageID")) info.code = read_hresult(id->text());
    }
    if (info.message.empty()) {
        if (const xml::element* message = child_by_local(e, "Message")) info.message = message->text();
    }
}

} // namespace

result<fault_info> read_fault(const soap::envelope& e)
{
    auto read = soap::parse_fault(e);
    if (!read) return std::move(read).error();
    fault_info info;
    info.role = std::move(read->role);
    info.reason = std::move(read->reason);
    info.subcode = std::move(read->subcode);
    if (!info.subcode.empty() && info.subcode.find(':') == std::string::npos) {
        info.subcode = subcode_by_local_name(info.subcode);
    }
    if (read->detail != nullptr) {
        if (const xml::element* d = read->detail->child(soap::ns::w, "FaultDetail")) info.detail = d->trimmed();
        if (const xml::element* f = read->detail->child(soap::ns::f, "WSManFault")) read_wsman_fault(*f, info);
        for (const xml::element* c : read->detail->children()) {
            if (c->ns() != soap::ns::f && c->ns() != soap::ns::w) read_cim_error(*c, info);
        }
    }
    if (info.code == 0) {
        if (const fault_row* row = find_fault_by_subcode(info.subcode))
            info.code = static_cast<std::uint32_t>(row->code);
    }
    return info;
}

} // namespace winrm::wsman
