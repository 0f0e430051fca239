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

constexpr std::array<shell_kind, 1> kinds{{
    {wsman::resource_uri::cmd, cmd_inputs, cmd_outputs, cmd_options, check_cmd, process_use::one_for_each_command},
}};

} // namespace

std::span<const shell_kind> shell_kinds() noexcept { return kinds; }

} // namespace winrm::shell
