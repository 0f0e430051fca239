#include "unit/shell/meaning.h"

#include "base/base64.h"
#include "base/text.h"
#include "shell/messages.h"
#include "soap/namespaces.h"

#include <set>
#include <stdexcept>

namespace winrm::test {
namespace {

using namespace shell;

/// Options that may stand on one side only, with the reason.
bool may_differ(base::bytes_view option)
{
    // MS-WSMV 3.1.4.14 wants it on Receive; pywinrm and WinRMSharp leave it out.
    return base::iequals(option, "WSMAN_CMDSHELL_OPTION_KEEPALIVE");
}

std::set<std::string> options_of(const wsman::request_header& h)
{
    std::set<std::string> all;
    for (const auto& o : h.options.items()) {
        if (!may_differ(o.name)) all.insert(base::lower(o.name) + "=" + base::lower(o.value)); // "TRUE" and "True"
    }
    return all;
}

std::string words(const std::vector<std::string>& list)
{
    std::string out;
    for (const auto& w : list) out += w + "|";
    return out;
}

/// PSRP fragments in an element of PowerShell's namespace, decoded.
std::string fragments_of(const wsman::incoming_request& r, base::bytes_view name)
{
    const xml::element* e = r.payload() == nullptr ? nullptr : r.payload()->child(soap::ns::powershell, name);
    std::string out;
    if (e != nullptr && !base::base64_decode(e->text(), out)) out = "no base64";
    return out;
}

} // namespace

/// What a request asks for, without prefixes, order and ids that the asker chose. "" = not to be understood. Left out
/// is what is a client's own choice: MustComply (pypsrp insists on every option, we on none), OperationTimeout,
/// MaxEnvelopeSize, Locale.
std::string meaning(const wsman::incoming_request& r)
{
    const auto& h = r.header();
    std::string out = h.action + "\n" + h.resource_uri + "\n";
    for (const auto& s : h.selectors.items()) out += base::lower(s.name) + "=" + s.value + "\n";
    for (const auto& o : options_of(h)) out += o + "\n";
    if (h.action == wsman::action::create) {
        const auto read = read_create(r);
        const auto* c = std::get_if<create_shell>(&read);
        if (c == nullptr) return {};
        out += words(c->input_streams) + words(c->output_streams) + c->working_directory + "|" + c->name + "\n";
        out += std::to_string(c->idle_timeout.value_or(milliseconds{}).count()) + "|" +
               std::to_string(c->lifetime.value_or(milliseconds{}).count());
        for (const auto& v : c->environment) out += "\n" + v.name + "=" + v.value;
        out += "\n" + fragments_of(r, "creationXml");
    } else if (h.action == wsman::action::command) {
        const auto read = read_command(r);
        const auto* c = std::get_if<start_command>(&read);
        if (c == nullptr) return {};
        out += c->command + "\n" + words(c->arguments);
    } else if (h.action == wsman::action::send) {
        const auto read = read_send(r);
        const auto* blocks = std::get_if<std::vector<stream_block>>(&read);
        if (blocks == nullptr) return {};
        for (const auto& b : *blocks) out += b.stream + "|" + b.command_id + "|" + b.data + (b.end ? "|end\n" : "\n");
    } else if (h.action == wsman::action::receive) {
        const auto read = read_receive(r);
        const auto* wanted = std::get_if<receive_request>(&read);
        if (wanted == nullptr) return {};
        out += words(wanted->streams) + wanted->command_id;
    } else if (h.action == wsman::action::signal) {
        // pypsrp ends with ctrl_c what has ended already; MS-WSMV 3.1.4.12 says terminate. The code may differ
        // therefore.
        const auto read = read_signal(r);
        const auto* wanted = std::get_if<signal_request>(&read);
        if (wanted == nullptr) return {};
        out += wanted->command_id;
    } else if (h.action == wsman::action::connect) {
        const base::bytes_view* id = r.payload()->attribute_value({}, "CommandId");
        out += (id == nullptr ? std::string() : std::string(*id)) + "\n" + fragments_of(r, "connectXml");
    }
    return out;
}

wsman::incoming_request read(const std::string& text)
{
    auto r = wsman::read_request(text, base::limits{});
    if (const auto* no = std::get_if<wsman::rejected_request>(&r)) {
        throw std::runtime_error("a recorded request is refused: " + no->fault.text);
    }
    return std::get<wsman::incoming_request>(std::move(r));
}

create_shell create_of(const wsman::incoming_request& r)
{
    auto c = std::get<create_shell>(read_create(r));
    c.creation_xml = fragments_of(r, "creationXml");
    if (const auto* version = r.header().options.find("protocolversion")) c.protocol_version = *version;
    return c;
}

connect_shell connect_of(const wsman::incoming_request& r)
{
    connect_shell c;
    c.resource_uri = r.header().resource_uri;
    if (const auto* id = r.header().selectors.find("ShellId")) c.shell_id = *id;
    if (const auto* id = r.payload()->attribute_value({}, "CommandId")) c.command_id = *id;
    c.connect_xml = fragments_of(r, "connectXml");
    if (const auto* version = r.header().options.find("protocolversion")) c.protocol_version = *version;
    return c;
}

} // namespace winrm::test
