// What a client asks a pool to run (MS-PSRP 2.2.3.11 to 2.2.3.13, 2.2.2.10).
#pragma once

#include "psrp/objects.h"

namespace winrm::psrp {

/// 2.2.3.13: name nullopt = by its place. A switch is `true` under its name.
struct command_parameter
{
    std::optional<std::string> name; ///< without the dash
    clixml::value value;
};

/// 2.2.3.12
struct command
{
    std::string text;       ///< name of a command, or a whole script
    bool is_script = false; ///< text is a script; else the name of one command, which JEA endpoints demand
    std::optional<bool> use_local_scope;
    std::vector<command_parameter> parameters;
    bool end_of_statement = false; ///< what follows is a statement of its own: `a; b` instead of `a | b`
    result_types merge_my = result_types::none, merge_to = result_types::none;
    result_types merge_previous = result_types::none;
    /// Into which stream errors and so on go: none, output, or null (dropped).
    result_types merge_error = result_types::none, merge_warning = result_types::none;
    result_types merge_verbose = result_types::none, merge_debug = result_types::none;
    result_types merge_information = result_types::none;

    command() = default;
    command(std::string text_, bool is_script_) : text{std::move(text_)}, is_script{is_script_} {}
    command& with(std::string parameter, clixml::value value) &;
    command& with(clixml::value argument) &;
    command&& with(std::string parameter, clixml::value value) &&;
    command&& with(clixml::value argument) &&;
};

/// 2.2.3.11, and what CREATE_PIPELINE (2.2.2.10) says beside it.
struct pipeline
{
    std::vector<command> commands; ///< at least one
    bool takes_input = false;      ///< send_input() and end_input() follow; else there is none
    bool add_to_history = false;
    bool is_nested = false; ///< runs while another pipeline of the runspace waits (its debugger, its prompt)
    std::optional<std::string> history; ///< text for the history instead of the commands
    bool redirect_shell_error_output = true;
    apartment_state apartment = apartment_state::unknown;
    stream_options with_invocation_info = stream_options::all;
    host_info host; ///< the default: that of the pool

    /// One script with arguments by name or place.
    [[nodiscard]] static pipeline script(std::string text);
    /// One command.
    [[nodiscard]] static pipeline of(std::string command_name);

    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<pipeline> from_value(const clixml::value& v);
};

} // namespace winrm::psrp
