#include "psrp/pipeline.h"

#include "psrp/fields.h"

#include <algorithm>

namespace winrm::psrp {
namespace {

using detail::or_null;
using detail::take;

const clixml::type_names& list_types()
{
    static const clixml::type_names types{
        "System.Collections.Generic.List`1[[System.Management.Automation.PSObject, System.Management.Automation, "
        "Version=3.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
        "System.Object"};
    return types;
}

clixml::value list(std::vector<clixml::value> items)
{
    return clixml::value{clixml::object::container(clixml::contents::list, std::move(items), list_types())};
}

clixml::value merge(result_types what)
{
    std::string_view name = "None";
    switch (what) {
    case result_types::none: break;
    case result_types::output: name = "Output"; break;
    case result_types::error: name = "Error"; break;
    case result_types::warning: name = "Warning"; break;
    case result_types::verbose: name = "Verbose"; break;
    case result_types::debug: name = "Debug"; break;
    case result_types::information: name = "Information"; break;
    case result_types::null: name = "Null"; break;
    default: name = "Output, Error"; break;
    }
    return detail::enumeration("System.Management.Automation.Runspaces.PipelineResultTypes", name, what);
}

clixml::value to_value(const command& c)
{
    std::vector<clixml::value> arguments;
    for (const command_parameter& p : c.parameters)
        arguments.push_back(clixml::value{clixml::object{}.with("N", or_null(p.name)).with("V", p.value)});
    return clixml::value{clixml::object{}
                             .with("Cmd", c.text)
                             .with("Args", list(std::move(arguments)))
                             .with("IsScript", c.is_script)
                             .with("UseLocalScope", or_null(c.use_local_scope))
                             .with("MergeMyResult", merge(c.merge_my))
                             .with("MergeToResult", merge(c.merge_to))
                             .with("MergePreviousResults", merge(c.merge_previous))
                             .with("MergeError", merge(c.merge_error))
                             .with("MergeWarning", merge(c.merge_warning))
                             .with("MergeVerbose", merge(c.merge_verbose))
                             .with("MergeDebug", merge(c.merge_debug))
                             .with("MergeInformation", merge(c.merge_information))};
}

result<command> read_command(const clixml::value& v)
{
    command made;
    if (auto wrong = detail::need(v, "Cmd", made.text)) return *wrong;
    if (auto wrong = detail::need(v, "IsScript", made.is_script)) return *wrong;
    made.use_local_scope = detail::maybe<bool>(v, "UseLocalScope");
    take(v, "MergeMyResult", made.merge_my);
    take(v, "MergeToResult", made.merge_to);
    take(v, "MergePreviousResults", made.merge_previous);
    take(v, "MergeError", made.merge_error);
    take(v, "MergeWarning", made.merge_warning);
    take(v, "MergeVerbose", made.merge_verbose);
    take(v, "MergeDebug", made.merge_debug);
    take(v, "MergeInformation", made.merge_information);
    for (const clixml::value& item : v["Args"].items())
        made.parameters.push_back({detail::maybe<std::string>(item, "N"), item["V"]});
    return made;
}

clixml::value commands_of(std::span<const command> commands)
{
    std::vector<clixml::value> made;
    made.reserve(commands.size());
    for (const command& c : commands) made.push_back(to_value(c));
    return list(std::move(made));
}

// Statements are separate lists: Cmds has the first one, ExtraCmds all of them.
std::vector<std::span<const command>> statements_of(std::span<const command> all)
{
    std::vector<std::span<const command>> made;
    while (!all.empty()) {
        const auto end = std::find_if(all.begin(), all.end(), [](const command& c) { return c.end_of_statement; });
        const auto length = static_cast<std::size_t>(end - all.begin()) + (end == all.end() ? 0 : 1);
        made.push_back(all.first(length));
        all = all.subspan(length);
    }
    return made;
}

result<void> read_commands(const clixml::value& from, std::vector<command>& to)
{
    for (const clixml::value& item : from.items()) {
        auto one = read_command(item);
        if (!one) return one.error();
        to.push_back(std::move(*one));
    }
    return {};
}

clixml::value apartment_value(apartment_state a)
{
    constexpr std::string_view names[] = {"STA", "MTA", "Unknown"};
    const auto at = static_cast<std::size_t>(a);
    return detail::enumeration("System.Management.Automation.Runspaces.ApartmentState", names[at < 3 ? at : 2], a);
}

} // namespace

command& command::with(std::string parameter, clixml::value value) &
{
    parameters.push_back({std::move(parameter), std::move(value)});
    return *this;
}
command& command::with(clixml::value argument) &
{
    parameters.push_back({std::nullopt, std::move(argument)});
    return *this;
}
command&& command::with(std::string parameter, clixml::value value) &&
{
    return std::move(with(std::move(parameter), std::move(value)));
}
command&& command::with(clixml::value argument) && { return std::move(with(std::move(argument))); }

pipeline pipeline::script(std::string text)
{
    pipeline made;
    made.commands.emplace_back(std::move(text), true);
    return made;
}

pipeline pipeline::of(std::string command_name)
{
    pipeline made;
    made.commands.emplace_back(std::move(command_name), false);
    return made;
}

clixml::value pipeline::to_value() const
{
    const auto statements = statements_of(commands);
    clixml::object shell;
    if (statements.size() > 1) {
        std::vector<clixml::value> extra;
        for (const auto& s : statements) extra.push_back(clixml::value{clixml::object{}.with("Cmds", commands_of(s))});
        shell.with("ExtraCmds", list(std::move(extra)));
    }
    shell.with("Cmds", statements.empty() ? list({}) : commands_of(statements.front()))
        .with("IsNested", is_nested)
        .with("History", or_null(history))
        .with("RedirectShellErrorOutputPipe", redirect_shell_error_output);
    const std::string_view options = with_invocation_info == stream_options::all    ? "AddInvocationInfo"
                                     : with_invocation_info == stream_options::none ? "0"
                                                                                    : "AddInvocationInfoToErrorRecord";
    return clixml::value{
        clixml::object{}
            .with("NoInput", !takes_input)
            .with("ApartmentState", apartment_value(apartment))
            .with("RemoteStreamOptions", detail::enumeration("System.Management.Automation.RemoteStreamOptions",
                                                             options, with_invocation_info))
            .with("AddToHistory", add_to_history)
            .with("HostInfo", host.to_value())
            .with("PowerShell", clixml::value{std::move(shell)})
            .with("IsNested", is_nested)};
}

result<pipeline> pipeline::from_value(const clixml::value& v)
{
    pipeline made;
    bool no_input = true;
    if (auto wrong = detail::need(v, "NoInput", no_input)) return *wrong;
    made.takes_input = !no_input;
    take(v, "ApartmentState", made.apartment);
    take(v, "RemoteStreamOptions", made.with_invocation_info);
    take(v, "AddToHistory", made.add_to_history);
    take(v, "IsNested", made.is_nested);
    auto host = host_info::from_value(v["HostInfo"]);
    if (!host) return host.error();
    made.host = std::move(*host);
    const clixml::value& shell = v["PowerShell"];
    const clixml::value* commands = shell.find("Cmds");
    if (commands == nullptr) return detail::bad_field("PowerShell");
    take(shell, "IsNested", made.is_nested);
    made.history = detail::maybe<std::string>(shell, "History");
    made.redirect_shell_error_output = detail::maybe<bool>(shell, "RedirectShellErrorOutputPipe").value_or(false);
    const clixml::value& extra = shell["ExtraCmds"];
    if (extra.items().empty()) {
        if (auto read = read_commands(*commands, made.commands); !read) return read.error();
        return made;
    }
    for (const clixml::value& statement : extra.items()) {
        if (auto read = read_commands(statement["Cmds"], made.commands); !read) return read.error();
        if (!made.commands.empty()) made.commands.back().end_of_statement = true;
    }
    if (!made.commands.empty()) made.commands.back().end_of_statement = false;
    return made;
}

} // namespace winrm::psrp
