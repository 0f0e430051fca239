#include "psrp/records.h"

#include "psrp/fields.h"

#include <algorithm>
#include <array>

namespace winrm::psrp {
namespace {

using detail::or_null;
using detail::take;

constexpr std::array<std::string_view, 13> error_fields{"Exception",
                                                        "TargetObject",
                                                        "FullyQualifiedErrorId",
                                                        "InvocationInfo",
                                                        "ErrorCategory_Category",
                                                        "ErrorCategory_Activity",
                                                        "ErrorCategory_Reason",
                                                        "ErrorCategory_TargetName",
                                                        "ErrorCategory_TargetType",
                                                        "ErrorCategory_Message",
                                                        "ErrorDetails_Message",
                                                        "ErrorDetails_RecommendedAction",
                                                        "ErrorDetails_ScriptStackTrace"};

bool is_of_invocation(std::string_view name)
{
    return name.starts_with("InvocationInfo_") || name.starts_with("CommandInfo_");
}

std::string words_of(const clixml::value& v)
{
    const clixml::object* o = v.as_object();
    if (o != nullptr)
        if (auto shown = o->to_string.as<std::string>()) return std::move(*shown);
    return v.as<std::string>().value_or("");
}

// The extended properties that are not in `known`; those of an invocation go to it.
void sort_properties(const clixml::object& from, std::span<const std::string_view> known, named_values& others,
                     named_values& of_invocation)
{
    for (const clixml::property& p : from.extended) {
        const std::string_view name = p.name.view();
        if (is_of_invocation(name)) of_invocation.emplace_back(name, p.content);
        else if (std::find(known.begin(), known.end(), name) == known.end()) others.emplace_back(name, p.content);
    }
}

void fill(const clixml::value& v, const std::string& prefix, invocation_info& to)
{
    take(v, prefix + "InvocationName", to.name);
    take(v, prefix + "Line", to.line);
    take(v, prefix + "PositionMessage", to.position_message);
    take(v, prefix + "ScriptName", to.script_name);
    take(v, prefix + "ScriptLineNumber", to.line_number);
    take(v, prefix + "OffsetInLine", to.offset_in_line);
    take(v, prefix + "HistoryId", to.history_id);
    take(v, prefix + "PipelineLength", to.pipeline_length);
    take(v, prefix + "PipelinePosition", to.pipeline_position);
}

// Records tell their invocation as properties of their own, or in an object, or both.
std::optional<invocation_info> read_invocation(const clixml::value& v, named_values properties,
                                               const clixml::value& as_object = {})
{
    if (properties.empty() && as_object.as_object() == nullptr) return std::nullopt;
    invocation_info made;
    fill(as_object, "", made);
    fill(v, "InvocationInfo_", made);
    made.properties = std::move(properties);
    return made;
}

void add(const named_values& from, clixml::object& to)
{
    for (const auto& [name, content] : from) to.with(name, content);
}

clixml::value number_list(const std::vector<std::int32_t>& numbers)
{
    static const clixml::type_names types{"System.Int32[]", "System.Array", "System.Object"};
    std::vector<clixml::value> values{numbers.begin(), numbers.end()};
    return clixml::value{clixml::object::container(clixml::contents::list, std::move(values), types)};
}

std::string_view type_of(informational_kind kind)
{
    switch (kind) {
    case informational_kind::debug: return "System.Management.Automation.DebugRecord";
    case informational_kind::verbose: return "System.Management.Automation.VerboseRecord";
    case informational_kind::warning: break;
    }
    return "System.Management.Automation.WarningRecord";
}

} // namespace

error_record error_record::make(std::string message, std::string error_id, error_category category,
                                std::string exception_type)
{
    error_record made;
    made.exception =
        clixml::value{clixml::object{clixml::type_names{exception_type, "System.Exception", "System.Object"}}
                          .shown_as(exception_type + ": " + message)
                          .with_adapted("Message", message)};
    made.message = std::move(message);
    made.fully_qualified_error_id = std::move(error_id);
    made.category = category;
    const std::size_t dot = exception_type.rfind('.');
    made.reason = dot == std::string::npos ? std::move(exception_type) : exception_type.substr(dot + 1);
    made.activity = made.target_name = made.target_type = "";
    made.category_message = std::string{name(category)} + ": (:) [], " + *made.reason;
    return made;
}

clixml::value error_record::to_value() const
{
    static const clixml::type_names usual{"System.Management.Automation.ErrorRecord", "System.Object"};
    clixml::object made{types.empty() ? usual : types};
    made.shown_as(message)
        .with("Exception", exception)
        .with("TargetObject", target_object)
        .with("FullyQualifiedErrorId", fully_qualified_error_id)
        .with("InvocationInfo", invocation_object)
        .with("ErrorCategory_Category", static_cast<std::int32_t>(category))
        .with("ErrorCategory_Activity", or_null(activity))
        .with("ErrorCategory_Reason", or_null(reason))
        .with("ErrorCategory_TargetName", or_null(target_name))
        .with("ErrorCategory_TargetType", or_null(target_type))
        .with("ErrorCategory_Message", or_null(category_message));
    if (details_message) made.with("ErrorDetails_Message", *details_message);
    if (recommended_action) made.with("ErrorDetails_RecommendedAction", *recommended_action);
    if (script_stack_trace) made.with("ErrorDetails_ScriptStackTrace", *script_stack_trace);
    const auto extended =
        std::find_if(others.begin(), others.end(), [](const auto& o) { return o.first == "SerializeExtendedInfo"; });
    made.with("SerializeExtendedInfo", extended != others.end()
                                           ? extended->second
                                           : clixml::value{invocation && !invocation->properties.empty()});
    if (invocation) add(invocation->properties, made);
    for (auto o = others.begin(); o != others.end(); ++o)
        if (o != extended) made.with(o->first, o->second);
    return clixml::value{std::move(made)};
}

result<error_record> error_record::from_value(const clixml::value& v)
{
    const clixml::object* whole = v.as_object();
    if (whole == nullptr) return error{errc::protocol, "an error record is no object"};
    error_record made;
    made.message = words_of(v);
    made.types = whole->types;
    made.exception = v["Exception"];
    made.target_object = v["TargetObject"];
    take(v, "FullyQualifiedErrorId", made.fully_qualified_error_id);
    take(v, "ErrorCategory_Category", made.category);
    made.activity = detail::maybe<std::string>(v, "ErrorCategory_Activity");
    made.reason = detail::maybe<std::string>(v, "ErrorCategory_Reason");
    made.target_name = detail::maybe<std::string>(v, "ErrorCategory_TargetName");
    made.target_type = detail::maybe<std::string>(v, "ErrorCategory_TargetType");
    made.category_message = detail::maybe<std::string>(v, "ErrorCategory_Message");
    made.details_message = detail::maybe<std::string>(v, "ErrorDetails_Message");
    made.recommended_action = detail::maybe<std::string>(v, "ErrorDetails_RecommendedAction");
    made.script_stack_trace = detail::maybe<std::string>(v, "ErrorDetails_ScriptStackTrace");
    named_values of_invocation;
    sort_properties(*whole, error_fields, made.others, of_invocation);
    made.invocation_object = v["InvocationInfo"];
    made.invocation = read_invocation(v, std::move(of_invocation), made.invocation_object);
    return made;
}

clixml::value informational_record::to_value() const
{
    const std::string_view type = type_of(kind);
    clixml::object made{
        types.empty() ? clixml::type_names{type, "System.Management.Automation.InformationalRecord", "System.Object"}
                      : types};
    made.shown_as(message)
        .with("InformationalRecord_Message", message)
        .with("InformationalRecord_SerializeInvocationInfo", invocation.has_value());
    if (invocation) add(invocation->properties, made);
    if (pipeline_iteration) made.with("InformationalRecord_PipelineIterationInfo", number_list(*pipeline_iteration));
    add(others, made);
    return clixml::value{std::move(made)};
}

result<informational_record> informational_record::from_value(const clixml::value& v, informational_kind kind)
{
    const clixml::object* whole = v.as_object();
    if (whole == nullptr) return error{errc::protocol, "an informational record is no object"};
    informational_record made;
    made.kind = kind;
    made.types = whole->types;
    if (auto wrong = detail::need(v, "InformationalRecord_Message", made.message)) return *wrong;
    constexpr std::array<std::string_view, 3> known{"InformationalRecord_Message",
                                                    "InformationalRecord_SerializeInvocationInfo",
                                                    "InformationalRecord_PipelineIterationInfo"};
    named_values of_invocation;
    sort_properties(*whole, known, made.others, of_invocation);
    made.invocation = read_invocation(v, std::move(of_invocation));
    if (const clixml::value* list = v.find(known[2]); list != nullptr && !list->is_null()) {
        made.pipeline_iteration.emplace();
        for (const clixml::value& item : list->items())
            if (auto number = item.as<std::int32_t>()) made.pipeline_iteration->push_back(*number);
    }
    return made;
}

clixml::value information_record::to_value() const
{
    if (!whole.is_null()) return whole;
    static const clixml::type_names types{"System.Management.Automation.InformationRecord", "System.Object"};
    return clixml::value{clixml::object{types}
                             .shown_as(message)
                             .with_adapted("MessageData", message_data)
                             .with_adapted("Source", source)
                             .with_adapted("TimeGenerated", time_generated.value_or(clixml::value{}))
                             .with_adapted("Tags", detail::string_list(tags))
                             .with_adapted("User", or_null(user))
                             .with_adapted("Computer", or_null(computer))
                             .with_adapted("ProcessId", process_id)
                             .with_adapted("NativeThreadId", native_thread_id)
                             .with_adapted("ManagedThreadId", managed_thread_id)
                             .with("SerializeInvocationInfo", false)};
}

result<information_record> information_record::from_value(const clixml::value& v)
{
    if (v.as_object() == nullptr) return error{errc::protocol, "an information record is no object"};
    information_record made;
    made.whole = v;
    made.message_data = v["MessageData"];
    made.message = words_of(v);
    if (made.message.empty()) made.message = words_of(made.message_data); // PowerShell 7 sends no ToString
    take(v, "Source", made.source);
    if (const clixml::value* when = v.find("TimeGenerated"); when != nullptr && !when->is_null())
        made.time_generated = *when;
    if (auto tags = detail::strings(v.find("Tags"))) made.tags = std::move(*tags);
    made.user = detail::maybe<std::string>(v, "User");
    made.computer = detail::maybe<std::string>(v, "Computer");
    take(v, "ProcessId", made.process_id);
    take(v, "NativeThreadId", made.native_thread_id);
    take(v, "ManagedThreadId", made.managed_thread_id);
    return made;
}

std::optional<information_record::host_text> information_record::written_host_text() const
{
    const clixml::object* data = message_data.as_object();
    if (data == nullptr) return std::nullopt;
    const bool is_host_text = data->types.holds("System.Management.Automation.HostInformationMessage") ||
                              data->types.holds("Deserialized.System.Management.Automation.HostInformationMessage");
    const auto text = detail::maybe<std::string>(message_data, "Message");
    if (!is_host_text || !text) return std::nullopt;
    host_text made;
    made.text = *text;
    made.foreground = detail::maybe<color>(message_data, "ForegroundColor");
    made.background = detail::maybe<color>(message_data, "BackgroundColor");
    made.no_new_line = detail::maybe<bool>(message_data, "NoNewLine").value_or(false);
    return made;
}

clixml::value progress_record::to_value() const
{
    return clixml::value{
        clixml::object{}
            .with("Activity", activity)
            .with("ActivityId", activity_id)
            .with("StatusDescription", or_null(status))
            .with("CurrentOperation", or_null(current_operation))
            .with("ParentActivityId", parent_activity_id)
            .with("PercentComplete", percent_complete)
            .with("Type", detail::enumeration("System.Management.Automation.ProgressRecordType",
                                              type == progress_type::completed ? "Completed" : "Processing", type))
            .with("SecondsRemaining", seconds_remaining)};
}

result<progress_record> progress_record::from_value(const clixml::value& v)
{
    progress_record made;
    if (auto wrong = detail::need(v, "Activity", made.activity)) return *wrong;
    if (auto wrong = detail::need(v, "ActivityId", made.activity_id)) return *wrong;
    made.status = detail::maybe<std::string>(v, "StatusDescription");
    made.current_operation = detail::maybe<std::string>(v, "CurrentOperation");
    take(v, "ParentActivityId", made.parent_activity_id);
    take(v, "PercentComplete", made.percent_complete);
    take(v, "SecondsRemaining", made.seconds_remaining);
    take(v, "Type", made.type);
    return made;
}

} // namespace winrm::psrp
