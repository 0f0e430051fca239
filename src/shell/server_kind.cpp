#include "shell/server_kind.h"

#include "base/text.h"
#include "shell/server_table.h"

#include <algorithm>
#include <array>

namespace winrm::shell {
namespace {

using wsman::fault;
using wsman::fault_code;

constexpr std::size_t max_variable_name = 256;
constexpr std::size_t max_path = 4096; // PATH_MAX

fault refuse_parameter(std::string text) { return {fault_code::wsman_invalid_parameter, std::move(text), {}}; }

bool is_name(base::bytes_view name)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || name.size() > max_variable_name || !letter(name.front())) return false;
    return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Variables that make the loader or the C library run or read other code and data than the command names.
bool steers_loader(base::bytes_view name)
{
    constexpr std::array<base::bytes_view, 4> names{"GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH"};
    return name.substr(0, 3) == "LD_" || std::find(names.begin(), names.end(), name) != names.end();
}

/// Output is passed as it is; where ASCII means the same, a code page is a promise we can keep (doc/PROTOCOL.md).
bool passes_through(std::uint32_t page)
{
    return page == 65001 || page == 437 || page == 20127 || page == 850 || page == 1252;
}

/// Windows clients send the place of their user by name; a short list is understood.
std::string expand(base::bytes_view path, base::bytes_view home)
{
    struct place
    {
        base::bytes_view name, at;
    };
    const std::array<place, 3> places{{{"%USERPROFILE%", home}, {"%HOME%", home}, {"%TEMP%", "/tmp"}}};
    for (const place& p : places) {
        if (base::iequals(path.substr(0, p.name.size()), p.name))
            return std::string(p.at) + std::string(path.substr(p.name.size()));
    }
    return std::string(path);
}

/// Commands of the account's login shell.
std::optional<fault> check_cmd(const create_shell& c, const table_options& o, shell_info& s)
{
    s.working_directory = c.working_directory.empty() ? o.home : expand(c.working_directory, o.home);
    if (s.working_directory.size() > max_path) return refuse_parameter("The working directory is too long.");
    if (s.working_directory.empty() || s.working_directory.front() != '/')
        return refuse_parameter("The working directory is not absolute.");
    for (const variable& v : c.environment) {
        if (!is_name(v.name)) return refuse_parameter("\"" + v.name + "\" is no name of a variable.");
        if (steers_loader(v.name)) return refuse_parameter("The variable \"" + v.name + "\" may not be set.");
    }
    if (c.code_page && !passes_through(*c.code_page)) return fault{fault_code::code_page_not_supported, {}, {}};
    return {};
}

constexpr std::array<base::bytes_view, 1> cmd_inputs{"stdin"};
constexpr std::array<base::bytes_view, 2> cmd_outputs{"stdout", "stderr"};
constexpr std::array<kind_option, 5> cmd_options{{{"WINRS_NOPROFILE", wsman::action::create},
                                                  {"WINRS_CODEPAGE", wsman::action::create},
                                                  {"WINRS_CONSOLEMODE_STDIN", wsman::action::command},
                                                  {"WINRS_SKIP_CMD_SHELL", wsman::action::command},
                                                  {"WSMAN_CMDSHELL_OPTION_KEEPALIVE", wsman::action::receive}}};

bool is_configuration_name(base::bytes_view name)
{
    constexpr std::size_t longest = 256;
    return !name.empty() && name.size() <= longest && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    });
}

/// Every version of PowerShell since 2.0 has said 2.something; what else it means they settle by SESSION_CAPABILITY.
std::optional<fault> check_version(base::bytes_view version)
{
    if (version.empty()) return fault{fault_code::protocol_version_missing, {}, {}};
    const bool known = version.size() >= 3 && version.size() <= 5 && version.starts_with("2.") &&
                       base::parse_unsigned(version.substr(2)).has_value();
    if (!known) return fault{fault_code::protocol_version_mismatch, {}, {}};
    return {};
}

/// A session of PowerShell (MS-PSRP 3.1.5.3.1).
std::optional<fault> check_powershell(const create_shell& c, const table_options& o, shell_info&)
{
    if (!is_configuration_name(base::bytes_view(c.resource_uri).substr(wsman::resource_uri::powershell.size())))
        return fault{fault_code::invalid_resource_uri, {}, {}};
    if (auto why = check_version(c.protocol_version)) return why;
    if (c.creation_xml.empty())
        return refuse_parameter("PowerShell's shell is made with creationXml, and there is none.");
    (void)o;
    return {};
}

constexpr std::array<base::bytes_view, 2> powershell_inputs{"stdin", "pr"};
constexpr std::array<base::bytes_view, 1> powershell_outputs{"stdout"};
constexpr std::array<kind_option, 8> powershell_options{{{"protocolversion", wsman::action::create},
                                                         {"protocolversion", wsman::action::connect},
                                                         {"WINRS_NOPROFILE", wsman::action::create},
                                                         {"WINRS_CODEPAGE", wsman::action::create},
                                                         {"WINRS_CONSOLEMODE_STDIN", wsman::action::command},
                                                         {"WINRS_SKIP_CMD_SHELL", wsman::action::command},
                                                         {"WSMAN_CMDSHELL_OPTION_KEEPALIVE", wsman::action::receive},
                                                         {"WSMAN_CMDSHELL_OPTION_KEEPALIVE", wsman::action::connect}}};

constexpr std::array<shell_kind, 2> kinds{{
    {wsman::resource_uri::cmd, cmd_inputs, cmd_outputs, cmd_options, check_cmd, process_use::one_for_each_command},
    {wsman::resource_uri::powershell, powershell_inputs, powershell_outputs, powershell_options, check_powershell,
     process_use::one_for_the_shell, uri_form::prefix, stream_form::packets},
}};

} // namespace

bool shell_kind::has(base::bytes_view uri_of_request) const noexcept
{
    return uri == uri_form::whole
               ? uri_of_request == resource_uri
               : uri_of_request.size() > resource_uri.size() && uri_of_request.starts_with(resource_uri);
}

std::span<const shell_kind> shell_kinds() noexcept { return kinds; }

} // namespace winrm::shell
