// The service's half of the messages: requests read, reply bodies written.
#include "shell/messages.h"

#include "base/text.h"
#include "soap/namespaces.h"

namespace winrm::shell {
namespace {

using soap::ns::rsp;
using wsman::fault;
using wsman::fault_code;

constexpr std::size_t max_variables = 512;
constexpr std::size_t max_arguments = 4096;
constexpr std::size_t max_blocks = 64;
constexpr std::size_t max_name = 256;

fault refuse(fault_code code, std::string text = {}) { return {code, std::move(text), {}}; }

fault wrong_body(const char* wanted)
{
    return refuse(fault_code::schema_validation_error, std::string("The body holds no ") + wanted + " element.");
}

std::string attribute_of(const xml::element& e, base::bytes_view name)
{
    const base::bytes_view* value = e.attribute_value({}, name);
    return value == nullptr ? std::string() : std::string(*value);
}

std::vector<std::string> split(base::bytes_view text)
{
    std::vector<std::string> out;
    while (!(text = base::trim(text)).empty()) {
        const std::size_t end = text.find_first_of(" \t\r\n");
        out.emplace_back(text.substr(0, end));
        if (end == base::bytes_view::npos) break;
        text.remove_prefix(end);
    }
    return out;
}

std::string join(const std::vector<std::string>& words)
{
    std::string out;
    for (const auto& word : words) {
        if (!out.empty()) out += ' ';
        out += word;
    }
    return out;
}

std::optional<fault> read_bool_option(const wsman::option_set& options, base::bytes_view name, std::optional<bool>& to)
{
    const std::string* value = options.find(name);
    if (value == nullptr) return {};
    to = base::parse_bool(*value);
    if (to) return {};
    return fault{fault_code::invalid_options, "The option \"" + std::string(name) + "\" is no boolean.",
                 "InvalidValue"};
}

std::optional<fault> read_environment(const xml::element& e, create_shell& c)
{
    for (const xml::element* v : e.children()) {
        if (!v->is(rsp, "Variable")) continue;
        if (c.environment.size() == max_variables)
            return refuse(fault_code::wsman_invalid_parameter, "There are too many variables.");
        c.environment.push_back({attribute_of(*v, "Name"), std::string(v->text())});
    }
    return {};
}

std::optional<fault> read_time(const xml::element& e, std::optional<milliseconds>& to)
{
    to = base::parse_duration(e.trimmed());
    if (to) return {};
    return refuse(fault_code::schema_validation_error, "A time of the shell is no duration.");
}

std::optional<fault> read_shell_child(const xml::element& e, create_shell& c)
{
    if (e.ns() != rsp) return {};
    if (e.local() == "Environment") return read_environment(e, c);
    if (e.local() == "IdleTimeOut" || e.local() == "IdleTimeout") return read_time(e, c.idle_timeout);
    if (e.local() == "Lifetime") return read_time(e, c.lifetime);
    if (e.local() == "InputStreams") c.input_streams = split(e.text());
    if (e.local() == "OutputStreams") c.output_streams = split(e.text());
    if (e.local() == "WorkingDirectory") c.working_directory = e.trimmed();
    if (e.local() == "Name") c.name = e.trimmed();
    return {};
}

/// creationXml, connectXml: of PowerShell's own namespace, whatever prefix the shell's has.
std::optional<fault> read_fragments(const xml::element& parent, base::bytes_view name, base::bytes& to)
{
    const xml::element* e = parent.child(soap::ns::powershell, name);
    if (e == nullptr || base::base64_decode(e->text(), to)) return {};
    return refuse(fault_code::schema_validation_error, std::string(name) + " is not base64.");
}

std::string duration(milliseconds value) { return base::format_duration(value); }

} // namespace

std::variant<create_shell, fault> read_create(const wsman::incoming_request& r)
{
    const xml::element* shell = r.payload();
    if (shell == nullptr || !shell->is(rsp, "Shell")) return wrong_body("Shell");
    create_shell c;
    c.resource_uri = r.header().resource_uri;
    c.input_streams.clear();
    c.output_streams.clear();
    c.shell_id = attribute_of(*shell, "ShellId");
    c.name = attribute_of(*shell, "Name");
    for (const xml::element* e : shell->children()) {
        if (auto why = read_shell_child(*e, c)) return std::move(*why);
    }
    if (c.name.size() > max_name) return refuse(fault_code::create_shell_name_invalid);
    if (auto why = read_bool_option(r.header().options, "WINRS_NOPROFILE", c.no_profile)) return std::move(*why);
    c.compression = r.header().compression;
    if (auto why = read_fragments(*shell, "creationXml", c.creation_xml)) return std::move(*why);
    if (const std::string* version = r.header().options.find("protocolversion")) c.protocol_version = *version;
    if (const std::string* page = r.header().options.find("WINRS_CODEPAGE")) {
        const auto number = base::parse_unsigned(*page);
        if (!number || *number > 65535) return refuse(fault_code::code_page_not_supported);
        c.code_page = static_cast<std::uint32_t>(*number);
    }
    return c;
}

std::variant<start_command, fault> read_command(const wsman::incoming_request& r)
{
    const xml::element* line = r.payload();
    if (line == nullptr || !line->is(rsp, "CommandLine")) return wrong_body("CommandLine");
    start_command c;
    c.command_id = attribute_of(*line, "CommandId");
    bool named = false;
    for (const xml::element* e : line->children()) {
        if (e->is(rsp, "Command")) {
            if (named) return refuse(fault_code::schema_validation_error, "There are two Command elements.");
            named = true;
            c.command = e->text();
        } else if (e->is(rsp, "Arguments")) {
            if (c.arguments.size() == max_arguments) return refuse(fault_code::command_line_too_long);
            c.arguments.emplace_back(e->text());
        }
    }
    if (!named) return wrong_body("Command");
    if (auto why = read_bool_option(r.header().options, "WINRS_SKIP_CMD_SHELL", c.skip_cmd_shell))
        return std::move(*why);
    if (auto why = read_bool_option(r.header().options, "WINRS_CONSOLEMODE_STDIN", c.console_mode_stdin))
        return std::move(*why);
    return c;
}

std::variant<std::vector<stream_block>, fault> read_send(const wsman::incoming_request& r)
{
    const xml::element* send = r.payload();
    if (send == nullptr || !send->is(rsp, "Send")) return wrong_body("Send");
    std::vector<stream_block> blocks;
    for (const xml::element* e : send->children()) {
        if (!e->is(rsp, "Stream")) continue;
        if (blocks.size() == max_blocks)
            return refuse(fault_code::wsman_invalid_parameter, "There are too many blocks.");
        stream_block b;
        b.stream = attribute_of(*e, "Name");
        b.command_id = attribute_of(*e, "CommandId");
        if (const base::bytes_view* end = e->attribute_value({}, "End")) {
            const auto value = base::parse_bool(*end);
            if (!value) return refuse(fault_code::schema_validation_error, "End is no boolean.");
            b.end = *value;
        }
        if (!base::base64_decode(e->text(), b.data))
            return refuse(fault_code::invalid_soap_body, "A stream is not base64.");
        blocks.push_back(std::move(b));
    }
    if (blocks.empty()) return wrong_body("Stream");
    return blocks;
}

std::variant<receive_request, fault> read_receive(const wsman::incoming_request& r)
{
    const xml::element* receive = r.payload();
    if (receive == nullptr || !receive->is(rsp, "Receive")) return wrong_body("Receive");
    const xml::element* wanted = receive->child(rsp, "DesiredStream");
    if (wanted == nullptr) return wrong_body("DesiredStream");
    return receive_request{split(wanted->text()), attribute_of(*wanted, "CommandId")};
}

std::variant<signal_request, fault> read_signal(const wsman::incoming_request& r)
{
    const xml::element* signal = r.payload();
    if (signal == nullptr || !signal->is(rsp, "Signal")) return wrong_body("Signal");
    const xml::element* code = signal->child(rsp, "Code");
    if (code == nullptr) return wrong_body("Code");
    // PowerShell's client misspells it, MS-WSMV does not; both mean the same.
    if (base::iequals(code->trimmed(), "powershell/signal/ctrl_c"))
        return signal_request{attribute_of(*signal, "CommandId"), signal_code::stop};
    for (const signal_code known :
         {signal_code::terminate, signal_code::ctrl_c, signal_code::ctrl_break, signal_code::stop}) {
        if (base::iequals(code->trimmed(), uri(known)))
            return signal_request{attribute_of(*signal, "CommandId"), known};
    }
    return refuse(fault_code::wsman_invalid_parameter, "The signal is not known.");
}

std::variant<connect_shell, fault> read_connect(const wsman::incoming_request& r)
{
    const xml::element* connect = r.payload();
    if (connect == nullptr || !connect->is(rsp, "Connect")) return wrong_body("Connect");
    connect_shell c;
    c.resource_uri = r.header().resource_uri;
    c.command_id = attribute_of(*connect, "CommandId");
    if (auto why = read_fragments(*connect, "connectXml", c.connect_xml)) return std::move(*why);
    if (const std::string* version = r.header().options.find("protocolversion")) c.protocol_version = *version;
    return c;
}

std::variant<disconnect_shell, fault> read_disconnect(const wsman::incoming_request& r)
{
    const xml::element* disconnect = r.payload();
    if (disconnect == nullptr || !disconnect->is(rsp, "Disconnect")) return wrong_body("Disconnect");
    disconnect_shell d;
    for (const xml::element* e : disconnect->children()) {
        if (e->ns() != rsp) continue;
        if (e->local() == "IdleTimeOut" || e->local() == "IdleTimeout") {
            if (auto why = read_time(*e, d.idle_timeout)) return std::move(*why);
        }
        if (e->local() == "BufferMode") d.buffer_mode = e->trimmed();
    }
    return d;
}

std::optional<base::bytes> fragments_of(const start_command& c)
{
    base::bytes all;
    for (const std::string& argument : c.arguments)
        if (!base::base64_decode(argument, all)) return {};
    return all;
}

void write_connect_reply(xml::writer& w, const connect_answer& a)
{
    w.open("rsp:ConnectResponse");
    if (!a.input_streams.empty()) w.leaf("rsp:InputStreams", join(a.input_streams));
    if (!a.output_streams.empty()) w.leaf("rsp:OutputStreams", join(a.output_streams));
    if (!a.response_xml.empty())
        w.open("connectResponseXml").attribute("xmlns", soap::ns::powershell).base64(a.response_xml).close();
    w.close();
}

void write_shell(xml::writer& w, const shell_info& s)
{
    w.open("rsp:Shell");
    w.leaf("rsp:ShellId", s.shell_id);
    if (!s.name.empty()) w.leaf("rsp:Name", s.name);
    w.leaf("rsp:ResourceUri", s.resource_uri);
    w.leaf("rsp:Owner", s.owner);
    w.leaf("rsp:ClientIP", s.client_ip);
    if (s.process_id) w.leaf("rsp:ProcessId", std::to_string(*s.process_id));
    if (!s.working_directory.empty()) w.leaf("rsp:WorkingDirectory", s.working_directory);
    if (s.idle_timeout) w.leaf("rsp:IdleTimeOut", duration(*s.idle_timeout));
    w.leaf("rsp:InputStreams", join(s.input_streams));
    w.leaf("rsp:OutputStreams", join(s.output_streams));
    if (s.max_idle_timeout) w.leaf("rsp:MaxIdleTimeOut", duration(*s.max_idle_timeout));
    w.leaf("rsp:Locale", "en-US").leaf("rsp:DataLocale", "en-US");
    w.leaf("rsp:CompressionMode", s.compressed ? "XpressCompression" : "NoCompression");
    if (s.profile_loaded) w.leaf("rsp:ProfileLoaded", *s.profile_loaded ? "Yes" : "No");
    w.leaf("rsp:Encoding", "UTF8").leaf("rsp:BufferMode", "Block").leaf("rsp:State", s.state);
    if (s.run_time) w.leaf("rsp:ShellRunTime", duration(*s.run_time));
    if (s.inactivity) w.leaf("rsp:ShellInactivity", duration(*s.inactivity));
    if (!s.memory_used.empty()) w.leaf("rsp:MemoryUsed", s.memory_used);
    if (s.child_processes) w.leaf("rsp:ChildProcesses", std::to_string(*s.child_processes));
    if (s.counts_answers) w.open("o:CountsAnswers").attribute("xmlns:o", own_namespace).close();
    w.close();
}

void write_create_reply(xml::writer& w, const shell_info& s, base::bytes_view address)
{
    w.open("x:ResourceCreated").leaf("a:Address", address).open("a:ReferenceParameters");
    w.leaf("w:ResourceURI", s.resource_uri);
    w.open("w:SelectorSet").open("w:Selector").attribute("Name", "ShellId").text(s.shell_id).close().close();
    w.close().close();
    write_shell(w, s);
}

void write_command_reply(xml::writer& w, base::bytes_view command_id)
{
    w.open("rsp:CommandResponse").leaf("rsp:CommandId", command_id).close();
}

void write_receive_reply(xml::writer& w, base::bytes_view command_id, const std::vector<outgoing_block>& blocks,
                         command_state state, std::optional<std::int32_t> exit_code)
{
    w.open("rsp:ReceiveResponse");
    for (const outgoing_block& b : blocks) {
        w.open("rsp:Stream").attribute("Name", b.stream);
        if (!command_id.empty()) w.attribute("CommandId", command_id);
        if (b.end) w.attribute("End", "true");
        w.base64(b.data).close();
    }
    if (!command_id.empty()) {
        w.open("rsp:CommandState").attribute("CommandId", command_id);
        const char* word = state == command_state::done      ? "Done"
                           : state == command_state::pending ? "Pending"
                                                             : "Running";
        w.attribute("State",
                    "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/" + std::string(word));
        if (exit_code) w.leaf("rsp:ExitCode", std::to_string(*exit_code));
        w.close();
    }
    w.close();
}

void write_command_info(xml::writer& w, const command_info& c)
{
    w.open("rsp:Command")
        .leaf("rsp:CommandId", c.command_id)
        .leaf("rsp:CommandLine", c.command_line)
        .leaf("rsp:State", c.state)
        .close();
}

} // namespace winrm::shell
