// GET_COMMAND_METADATA and what answers it (MS-PSRP 2.2.2.14, 2.2.3.21 to 2.2.3.24).
#include "psrp/fields.h"
#include "psrp/pool_messages.h"

namespace winrm::psrp {
namespace {

using detail::maybe;
using detail::need;
using detail::or_null;
using detail::strings;

constexpr std::string_view custom_object = "System.Management.Automation.PSCustomObject";

clixml::value command_type_value(command_types t)
{
    struct row
    {
        command_types type;
        std::string_view name;
    };
    constexpr row rows[] = {{command_types::alias, "Alias"},
                            {command_types::function, "Function"},
                            {command_types::filter, "Filter"},
                            {command_types::cmdlet, "Cmdlet"},
                            {command_types::external_script, "ExternalScript"},
                            {command_types::application, "Application"},
                            {command_types::script, "Script"},
                            {command_types::configuration, "Configuration"}};
    std::string words;
    for (const row& r : rows) {
        if ((static_cast<std::int32_t>(t) & static_cast<std::int32_t>(r.type)) == 0) continue;
        words += (words.empty() ? "" : ", ");
        words += r.name;
    }
    if (t == command_types::all) words = "All";
    return detail::enumeration("System.Management.Automation.CommandTypes", words, t);
}

clixml::value list_or_null(const std::optional<std::vector<std::string>>& items)
{
    return items ? detail::string_list(*items) : clixml::value{};
}

clixml::value to_value(const parameter_metadata& p)
{
    static const clixml::type_names types{"System.Management.Automation.ParameterMetadata", "System.Object"};
    return clixml::value{clixml::object{types}
                             .shown_as(types.all().front().view())
                             .with_adapted("Name", p.name)
                             .with_adapted("ParameterType", p.type_name)
                             .with_adapted("Aliases", detail::string_list(p.aliases))
                             .with_adapted("IsDynamic", p.is_dynamic)
                             .with_adapted("SwitchParameter", p.is_switch)};
}

result<parameter_metadata> read_parameter(const clixml::value& v)
{
    parameter_metadata made;
    if (auto wrong = need(v, "Name", made.name)) return *wrong;
    made.type_name = maybe<std::string>(v, "ParameterType").value_or("");
    made.aliases = strings(v.find("Aliases")).value_or(std::vector<std::string>{});
    made.is_switch = maybe<bool>(v, "SwitchParameter").value_or(false);
    made.is_dynamic = maybe<bool>(v, "IsDynamic").value_or(false);
    return made;
}

} // namespace

clixml::value get_command_metadata::to_value() const
{
    clixml::value list;
    if (arguments) list = clixml::value{clixml::object::array(*arguments)};
    return clixml::value{clixml::object{}
                             .with("Name", list_or_null(names))
                             .with("CommandType", command_type_value(types))
                             .with("Namespace", list_or_null(namespaces))
                             .with("ArgumentList", list)};
}

result<get_command_metadata> get_command_metadata::from_value(const clixml::value& v)
{
    get_command_metadata made;
    if (auto wrong = need(v, "CommandType", made.types)) return *wrong;
    made.names = strings(v.find("Name"));
    made.namespaces = strings(v.find("Namespace"));
    if (const clixml::value& list = v["ArgumentList"]; list.as_object() != nullptr)
        made.arguments.emplace(list.items().begin(), list.items().end());
    return made;
}

clixml::value command_metadata_count::to_value() const
{
    static const clixml::type_names types{"Selected.Microsoft.PowerShell.Commands.GenericMeasureInfo", custom_object,
                                          "System.Object"};
    return clixml::value{clixml::object{types}.with("Count", count)};
}

result<command_metadata_count> command_metadata_count::from_value(const clixml::value& v)
{
    command_metadata_count made;
    if (auto wrong = need(v, "Count", made.count)) return *wrong;
    return made;
}

clixml::value command_metadata::to_value() const
{
    const std::string_view info = type == command_types::alias      ? "AliasInfo"
                                  : type == command_types::function ? "FunctionInfo"
                                  : type == command_types::filter   ? "FilterInfo"
                                                                    : "CmdletInfo";
    const clixml::type_names types{"Selected.System.Management.Automation." + std::string{info}, custom_object,
                                   "System.Object"};
    std::vector<std::pair<clixml::value, clixml::value>> entries;
    for (const parameter_metadata& p : parameters) entries.emplace_back(p.name, psrp::to_value(p));
    return clixml::value{clixml::object{types}
                             .with("Name", name)
                             .with("Namespace", or_null(command_namespace))
                             .with("HelpUri", or_null(help_uri))
                             .with("CommandType", command_type_value(type))
                             .with("ResolvedCommandName", or_null(resolved_name))
                             .with("OutputType", detail::string_list(output_types))
                             .with("Parameters", clixml::value{clixml::object::hashtable(std::move(entries))})};
}

result<command_metadata> command_metadata::from_value(const clixml::value& v)
{
    command_metadata made;
    if (auto wrong = need(v, "Name", made.name)) return *wrong;
    if (auto wrong = need(v, "CommandType", made.type)) return *wrong;
    made.help_uri = maybe<std::string>(v, "HelpUri");
    made.command_namespace = maybe<std::string>(v, "Namespace");
    if (!made.command_namespace) made.command_namespace = maybe<std::string>(v, "ModuleName");
    made.resolved_name = maybe<std::string>(v, "ResolvedCommandName");
    made.output_types = strings(v.find("OutputType")).value_or(std::vector<std::string>{});
    const clixml::object* table = v["Parameters"].as_object();
    if (table == nullptr || table->holds != clixml::contents::dictionary) return made;
    for (std::size_t i = 1; i < table->items.size(); i += 2) {
        auto one = read_parameter(table->items[i]);
        if (!one) return one.error();
        made.parameters.push_back(std::move(*one));
    }
    return made;
}

} // namespace winrm::psrp
