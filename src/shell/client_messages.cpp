// The client's half of the messages: requests made, replies read.
#include "shell/messages.h"

#include "base/text.h"
#include "soap/namespaces.h"

#include <limits>
#include <memory>

namespace winrm::shell {
namespace {

using soap::ns::rsp;

wsman::outgoing_request make(base::bytes_view action, const std::string& resource, const std::string& shell_id)
{
    wsman::outgoing_request r;
    r.header.action = action;
    r.header.resource_uri = resource;
    if (!shell_id.empty()) r.header.selectors.add("ShellId", shell_id);
    return r;
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

base::bytes_view boolean(bool value) { return value ? "TRUE" : "FALSE"; }

/// MS-PSRP 3.1.5.3.3.
void write_fragments(xml::writer& w, base::bytes_view name, base::bytes_view fragments)
{
    if (fragments.empty()) return;
    w.open(name).attribute("xmlns", soap::ns::powershell).base64(fragments).close();
}

void add_protocol_version(wsman::outgoing_request& r, const std::string& version)
{
    if (!version.empty()) r.header.options.add("protocolversion", version, true);
}

void write_create(xml::writer& w, const create_shell& c)
{
    w.open("rsp:Shell");
    if (!c.shell_id.empty()) w.attribute("ShellId", c.shell_id);
    if (!c.name.empty()) w.attribute("Name", c.name);
    if (!c.environment.empty()) {
        w.open("rsp:Environment");
        for (const variable& v : c.environment) w.open("rsp:Variable").attribute("Name", v.name).text(v.value).close();
        w.close();
    }
    if (!c.working_directory.empty()) w.leaf("rsp:WorkingDirectory", c.working_directory);
    if (c.lifetime) w.leaf("rsp:Lifetime", base::format_duration(*c.lifetime));
    if (c.idle_timeout) w.leaf("rsp:IdleTimeOut", base::format_duration(*c.idle_timeout));
    if (!c.input_streams.empty()) w.leaf("rsp:InputStreams", join(c.input_streams));
    if (!c.output_streams.empty()) w.leaf("rsp:OutputStreams", join(c.output_streams));
    write_fragments(w, "creationXml", c.creation_xml);
    w.close();
}

error broken(const char* what) { return {errc::protocol, what}; }

/// ExitCodeType is an xs:integer (MS-WSMV 2.2.5.5): hosts write the 32 bits with sign or without, and it stays as
/// written.
std::optional<std::int64_t> read_exit_code(base::bytes_view text)
{
    const bool negative = !text.empty() && text.front() == '-';
    if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
    const auto value = base::parse_unsigned(text);
    constexpr std::uint64_t low = std::uint64_t{1} << 31U;
    if (!value || *value > (negative ? low : std::uint64_t{std::numeric_limits<std::uint32_t>::max()})) return {};
    const auto size = static_cast<std::int64_t>(*value);
    return negative ? -size : size;
}

std::string text_of(const xml::element& parent, base::bytes_view name)
{
    const xml::element* e = parent.child(rsp, name);
    return e == nullptr ? std::string() : std::string(e->trimmed());
}

std::optional<std::uint32_t> number_of(const xml::element& parent, base::bytes_view name)
{
    const auto value = base::parse_unsigned(text_of(parent, name));
    if (!value || *value > std::numeric_limits<std::uint32_t>::max()) return {};
    return static_cast<std::uint32_t>(*value);
}

/// Done is final: what a host says of the state after it changes nothing. An exit code that came without Done is
/// overridden by the one that comes with it, and fills in where none does.
result<void> read_state(const xml::element& e, receive_answer& a)
{
    const bool final = a.state == command_state::done;
    if (final && a.exit_code) return {};
    if (!final) {
        const base::bytes_view* state = e.attribute_value({}, "State");
        if (state == nullptr) return broken("the command's state is missing");
        const auto slash = state->rfind('/');
        const auto word = state->substr(slash == base::bytes_view::npos ? 0 : slash + 1);
        if (word == "Done") a.state = command_state::done;
        else if (word == "Pending") a.state = command_state::pending;
        else if (word == "Running") a.state = command_state::running;
        else return broken("the command's state is not known");
    }
    const xml::element* code = e.child(rsp, "ExitCode");
    if (code == nullptr) return {};
    const auto value = read_exit_code(code->trimmed());
    if (!value && !final) return broken("the exit code is not a number of 32 bits");
    if (value) a.exit_code = value;
    return {};
}

/// The selector of x:ResourceCreated, "" if there is none.
std::string created_id(const xml::element& created)
{
    const xml::element* parameters = created.child(soap::ns::a, "ReferenceParameters");
    const xml::element* set = parameters == nullptr ? nullptr : parameters->child(soap::ns::w, "SelectorSet");
    if (set == nullptr) return {};
    for (const xml::element* s : set->children()) {
        const base::bytes_view* name = s->attribute_value({}, "Name");
        if (name != nullptr && base::iequals(*name, "ShellId")) return std::string(s->trimmed());
    }
    return {};
}

} // namespace

base::bytes_view uri(signal_code code) noexcept
{
    switch (code) {
    case signal_code::ctrl_c: return "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c";
    case signal_code::ctrl_break: return "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_break";
    case signal_code::stop: return "powershell/signal/crtl_c";
    case signal_code::terminate: break;
    }
    return "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate";
}

wsman::outgoing_request make_create(const create_shell& c)
{
    auto r = make(wsman::action::create, c.resource_uri, {});
    if (c.no_profile) r.header.options.add("WINRS_NOPROFILE", std::string(boolean(*c.no_profile)));
    if (c.code_page) r.header.options.add("WINRS_CODEPAGE", std::to_string(*c.code_page));
    add_protocol_version(r, c.protocol_version);
    r.header.compression = c.compression;
    r.body = [c](xml::writer& w) { write_create(w, c); };
    return r;
}

wsman::outgoing_request make_command(const std::string& resource_uri, const std::string& shell_id,
                                     const start_command& c)
{
    auto r = make(wsman::action::command, resource_uri, shell_id);
    if (c.console_mode_stdin)
        r.header.options.add("WINRS_CONSOLEMODE_STDIN", std::string(boolean(*c.console_mode_stdin)));
    if (c.skip_cmd_shell) r.header.options.add("WINRS_SKIP_CMD_SHELL", std::string(boolean(*c.skip_cmd_shell)));
    r.body = [c](xml::writer& w) {
        w.open("rsp:CommandLine");
        if (!c.command_id.empty()) w.attribute("CommandId", c.command_id);
        w.leaf("rsp:Command", c.command);
        for (const auto& a : c.arguments) w.leaf("rsp:Arguments", a);
        w.close();
    };
    return r;
}

wsman::outgoing_request make_send(const std::string& resource_uri, const std::string& shell_id,
                                  const std::string& command_id, base::bytes data, bool end, const std::string& stream)
{
    auto r = make(wsman::action::send, resource_uri, shell_id);
    // Shared: std::function copies, the block need not be.
    r.body = [command_id, shared = std::make_shared<const base::bytes>(std::move(data)), end, stream](xml::writer& w) {
        w.open("rsp:Send").open("rsp:Stream").attribute("Name", stream);
        if (!command_id.empty()) w.attribute("CommandId", command_id);
        if (end) w.attribute("End", "true");
        w.base64(*shared).close().close();
    };
    return r;
}

wsman::outgoing_request make_receive(const std::string& resource_uri, const std::string& shell_id,
                                     const std::string& command_id, const std::vector<std::string>& streams,
                                     std::optional<std::uint64_t> received)
{
    auto r = make(wsman::action::receive, resource_uri, shell_id);
    r.header.options.add("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE"); // MS-WSMV 3.1.4.14
    if (received) r.header.options.add(std::string(received_option), std::to_string(*received));
    r.body = [command_id, names = join(streams)](xml::writer& w) {
        w.open("rsp:Receive").open("rsp:DesiredStream");
        if (!command_id.empty()) w.attribute("CommandId", command_id);
        w.text(names).close().close();
    };
    return r;
}

wsman::outgoing_request make_signal(const std::string& resource_uri, const std::string& shell_id,
                                    const std::string& command_id, signal_code code)
{
    auto r = make(wsman::action::signal, resource_uri, shell_id);
    r.body = [command_id, code](xml::writer& w) {
        w.open("rsp:Signal");
        if (!command_id.empty()) w.attribute("CommandId", command_id);
        w.leaf("rsp:Code", uri(code)).close();
    };
    return r;
}

wsman::outgoing_request make_delete(const std::string& resource_uri, const std::string& shell_id)
{
    return make(wsman::action::delete_, resource_uri, shell_id);
}

wsman::outgoing_request make_connect(const connect_shell& c)
{
    auto r = make(wsman::action::connect, c.resource_uri, c.shell_id);
    add_protocol_version(r, c.protocol_version);
    r.body = [c](xml::writer& w) {
        w.open("rsp:Connect");
        if (!c.command_id.empty()) w.attribute("CommandId", c.command_id);
        write_fragments(w, "connectXml", c.connect_xml);
        w.close();
    };
    return r;
}

wsman::outgoing_request make_disconnect(const std::string& resource_uri, const std::string& shell_id,
                                        const disconnect_shell& d)
{
    auto r = make(wsman::action::disconnect, resource_uri, shell_id);
    r.body = [d](xml::writer& w) {
        w.open("rsp:Disconnect");
        if (d.idle_timeout) w.leaf("rsp:IdleTimeOut", base::format_duration(*d.idle_timeout));
        if (!d.buffer_mode.empty()) w.leaf("rsp:BufferMode", d.buffer_mode);
        w.close();
    };
    return r;
}

wsman::outgoing_request make_reconnect(const std::string& resource_uri, const std::string& shell_id)
{
    return make(wsman::action::reconnect, resource_uri, shell_id);
}

wsman::outgoing_request make_get(const std::string& resource_uri, const std::string& shell_id)
{
    return make(wsman::action::get, resource_uri, shell_id);
}

result<shell_info> read_shell(const xml::element& shell)
{
    if (!shell.is(rsp, "Shell")) return broken("the answer holds no shell");
    shell_info s;
    s.shell_id = text_of(shell, "ShellId");
    if (const base::bytes_view* id = shell.attribute_value({}, "ShellId"); s.shell_id.empty() && id != nullptr)
        s.shell_id = *id;
    s.name = text_of(shell, "Name");
    if (const base::bytes_view* name = shell.attribute_value({}, "Name"); s.name.empty() && name != nullptr)
        s.name = *name;
    s.resource_uri = text_of(shell, "ResourceUri");
    s.owner = text_of(shell, "Owner");
    s.client_ip = text_of(shell, "ClientIP");
    s.working_directory = text_of(shell, "WorkingDirectory");
    s.idle_timeout = base::parse_duration(text_of(shell, "IdleTimeOut"));
    s.max_idle_timeout = base::parse_duration(text_of(shell, "MaxIdleTimeOut"));
    s.input_streams = split(text_of(shell, "InputStreams"));
    s.output_streams = split(text_of(shell, "OutputStreams"));
    if (auto state = text_of(shell, "State"); !state.empty()) s.state = std::move(state);
    s.run_time = base::parse_duration(text_of(shell, "ShellRunTime"));
    s.inactivity = base::parse_duration(text_of(shell, "ShellInactivity"));
    s.process_id = number_of(shell, "ProcessId");
    s.child_processes = number_of(shell, "ChildProcesses");
    s.memory_used = text_of(shell, "MemoryUsed");
    s.compression_mode = text_of(shell, "CompressionMode");
    if (const auto profile = text_of(shell, "ProfileLoaded"); !profile.empty())
        s.profile_loaded = base::iequals(profile, "Yes");
    const auto children = shell.children();
    s.counts_answers = std::any_of(children.begin(), children.end(),
                                   [](const xml::element* e) { return e->is(own_namespace, "CountsAnswers"); });
    return s;
}

result<shell_info> read_create_reply(const wsman::incoming_reply& r)
{
    shell_info info;
    std::string id;
    for (const xml::element* e : r.envelope().body().children()) {
        if (e->is(soap::ns::x, "ResourceCreated") && id.empty()) id = created_id(*e);
        if (!e->is(rsp, "Shell") || !info.shell_id.empty()) continue;
        auto shell = read_shell(*e);
        if (!shell) return std::move(shell).error();
        info = std::move(*shell);
    }
    if (!id.empty()) info.shell_id = std::move(id);
    if (info.shell_id.empty()) return broken("the host's answer to Create names no shell");
    return info;
}

result<connect_answer> read_connect_reply(const wsman::incoming_reply& r)
{
    const xml::element* response = r.payload();
    if (response == nullptr || !response->is(rsp, "ConnectResponse"))
        return broken("the host's answer to Connect is not one");
    connect_answer a;
    a.input_streams = split(text_of(*response, "InputStreams"));
    a.output_streams = split(text_of(*response, "OutputStreams"));
    const xml::element* data = response->child(soap::ns::powershell, "connectResponseXml");
    if (data != nullptr && !base::base64_decode(data->text(), a.response_xml))
        return broken("the host's answer to Connect is not base64");
    return a;
}

result<std::string> read_command_reply(const wsman::incoming_reply& r)
{
    const xml::element* response = r.payload();
    if (response == nullptr || !response->is(rsp, "CommandResponse"))
        return broken("the host's answer to Command is not one");
    std::string id = text_of(*response, "CommandId");
    if (id.empty()) return broken("the host's answer to Command names no command");
    return id;
}

result<receive_answer> read_receive_reply(const wsman::incoming_reply& r)
{
    const xml::element* response = r.payload();
    if (response == nullptr || !response->is(rsp, "ReceiveResponse"))
        return broken("the host's answer to Receive is not one");
    receive_answer a;
    for (const xml::element* e : response->children()) {
        if (e->is(rsp, "Stream")) {
            stream_block b;
            const base::bytes_view* name = e->attribute_value({}, "Name");
            if (name == nullptr) return broken("a block of output names no stream");
            b.stream = *name;
            if (const base::bytes_view* id = e->attribute_value({}, "CommandId")) b.command_id = *id;
            if (const base::bytes_view* end = e->attribute_value({}, "End"))
                b.end = base::parse_bool(*end).value_or(false);
            if (!base::base64_decode(e->text(), b.data)) return broken("a block of output is not base64");
            a.blocks.push_back(std::move(b));
        } else if (e->is(rsp, "CommandState")) {
            if (auto read = read_state(*e, a); !read) return std::move(read).error();
        }
    }
    return a;
}

bool is_empty_receive_reply(const wsman::incoming_reply& r) noexcept
{
    const xml::element* response = r.payload();
    if (response == nullptr || !response->is(rsp, "ReceiveResponse")) return false;
    return std::none_of(response->children().begin(), response->children().end(), [](const xml::element* e) {
        if (e->is(rsp, "CommandState")) {
            const base::bytes_view* state = e->attribute_value({}, "State");
            return state != nullptr && state->ends_with("Done");
        }
        const base::bytes_view* end = e->attribute_value({}, "End");
        return e->is(rsp, "Stream") && (!e->trimmed().empty() || (end != nullptr && base::parse_bool(*end) == true));
    });
}

} // namespace winrm::shell
