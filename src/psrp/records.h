// What a pipeline tells beside its output (MS-PSRP 2.2.3.15, 2.2.3.16, 2.2.5.1.25, 2.2.5.1.26).
#pragma once

#include "psrp/objects.h"

#include <utility>

namespace winrm::psrp {

using named_values = std::vector<std::pair<std::string, clixml::value>>;

/// 2.2.3.15.1: the command that a record is from.
struct invocation_info
{
    std::string name;             ///< as it was called: an alias stays one
    std::string line;             ///< of the script
    std::string position_message; ///< "At line:1 char:1\n+ …", as the console shows it
    std::string script_name;      ///< "" = not from a file
    std::int32_t line_number = 0, offset_in_line = 0;
    std::int64_t history_id = 0;
    std::int32_t pipeline_length = 0, pipeline_position = 0;
    /// All extended properties of the record whose names begin with InvocationInfo_ and CommandInfo_, as they came.
    named_values properties;
};

/// 2.2.3.15 ErrorRecord
struct error_record
{
    std::string message; ///< ToString: what went wrong, in words
    clixml::value exception;
    clixml::value target_object;
    std::string fully_qualified_error_id; ///< "CommandNotFoundException"
    error_category category = error_category::not_specified;
    std::optional<std::string> activity, reason, target_name, target_type;
    std::optional<std::string> category_message; ///< "ObjectNotFound: (x:String) [], CommandNotFoundException"
    std::optional<std::string> details_message;  ///< to be shown instead of message
    std::optional<std::string> recommended_action;
    std::optional<std::string> script_stack_trace;
    std::optional<invocation_info> invocation;
    clixml::value invocation_object; ///< InvocationInfo: null, or the same as an object (`invocation` has read it)
    clixml::type_names types;        ///< empty: the usual two
    named_values others;             ///< extended properties that are none of these

    /// details_message, else message.
    [[nodiscard]] const std::string& text() const noexcept { return details_message ? *details_message : message; }
    /// As an exception of the type "System.Management.Automation.…" made by this end.
    [[nodiscard]] static error_record make(std::string message, std::string error_id, error_category category,
                                           std::string exception_type = "System.Management.Automation.RemoteException");
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<error_record> from_value(const clixml::value& v);
};

/// 2.2.3.16: DebugRecord, VerboseRecord, WarningRecord
enum class informational_kind { debug, verbose, warning };
struct informational_record
{
    informational_kind kind = informational_kind::warning;
    std::string message;
    std::optional<invocation_info> invocation;
    std::optional<std::vector<std::int32_t>> pipeline_iteration; ///< InformationalRecord_PipelineIterationInfo
    clixml::type_names types;                                    ///< empty: the usual three
    named_values others;

    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<informational_record> from_value(const clixml::value& v, informational_kind kind);
};

/// 2.2.5.1.26 InformationRecord: Write-Information, and Write-Host (tag "PSHOST") since PowerShell 5
struct information_record
{
    clixml::value message_data;
    std::string message;                         ///< ToString: message_data in words
    std::string source;                          ///< "Write-Information"
    std::optional<clixml::value> time_generated; ///< a date_time
    std::vector<std::string> tags;
    std::optional<std::string> user, computer;
    std::uint32_t process_id = 0, native_thread_id = 0, managed_thread_id = 0;
    clixml::value whole; ///< as it came; null where this end made it

    /// Write-Host's text, where message_data is a HostInformationMessage: text, colours, whether a line ends there.
    struct host_text
    {
        std::string text;
        std::optional<color> foreground, background;
        bool no_new_line = false;
    };
    [[nodiscard]] std::optional<host_text> written_host_text() const;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<information_record> from_value(const clixml::value& v);
};

/// 2.2.5.1.25
enum class progress_type : std::int32_t { processing, completed };
struct progress_record
{
    std::string activity;
    std::int32_t activity_id = 0, parent_activity_id = -1;
    std::optional<std::string> status, current_operation;
    std::int32_t percent_complete = -1, seconds_remaining = -1; ///< -1: not known
    progress_type type = progress_type::processing;

    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<progress_record> from_value(const clixml::value& v);
};

} // namespace winrm::psrp
