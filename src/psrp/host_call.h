// Calls of the server's PowerShell to the host of the client, and their answers
// (MS-PSRP 2.2.2.15, 2.2.2.16, 2.2.3.17, 2.2.6).
#pragma once

#include "psrp/records.h"

#include <span>

namespace winrm::psrp {

/// 2.2.3.17
enum class host_method : std::int32_t {
    get_name = 1,
    get_version,
    get_instance_id,
    get_current_culture,
    get_current_ui_culture,
    set_should_exit,
    enter_nested_prompt,
    exit_nested_prompt,
    notify_begin_application,
    notify_end_application,
    read_line,
    read_line_as_secure_string,
    write1,
    write2,
    write_line1,
    write_line2,
    write_line3,
    write_error_line,
    write_debug_line,
    write_progress,
    write_verbose_line,
    write_warning_line,
    prompt,
    prompt_for_credential1,
    prompt_for_credential2,
    prompt_for_choice,
    get_foreground_color,
    set_foreground_color,
    get_background_color,
    set_background_color,
    get_cursor_position,
    set_cursor_position,
    get_window_position,
    set_window_position,
    get_cursor_size,
    set_cursor_size,
    get_buffer_size,
    set_buffer_size,
    get_window_size,
    set_window_size,
    get_window_title,
    set_window_title,
    get_max_window_size,
    get_max_physical_window_size,
    get_key_available,
    read_key,
    flush_input_buffer,
    set_buffer_contents1,
    set_buffer_contents2,
    get_buffer_contents,
    scroll_buffer_contents,
    push_runspace,
    pop_runspace,
    get_is_runspace_pushed,
    get_runspace,
    prompt_for_choice_multiple_selection
};

/// Types of parameters and return values (2.2.6.1).
enum class host_type {
    none,
    text,
    number, ///< signed int
    long_number,
    boolean,
    version,
    guid,
    culture, ///< its name, as text
    color,
    coordinates,
    size,
    rectangle,
    buffer_cell,
    buffer_cells, ///< array, 2.2.6.1.4
    key_info,
    secure_string,
    credential, ///< 2.2.3.25
    fields,     ///< collection of FieldDescription
    answers,    ///< dictionary of a field's name to its value
    choices,    ///< collection of ChoiceDescription
    numbers,    ///< collection of signed ints
    progress,   ///< progress record
    any         ///< passed on as it is
};

struct host_method_row
{
    host_method method;
    std::string_view name; ///< "ReadLine"
    host_type returns;     ///< none: no answer may be sent
    std::span<const host_type> parameters;
};
[[nodiscard]] std::span<const host_method_row> host_method_rows() noexcept;
/// nullptr: no such method.
[[nodiscard]] const host_method_row* find_host_method(host_method method) noexcept;
[[nodiscard]] std::string_view name(host_method method) noexcept;

/// RUNSPACEPOOL_HOST_CALL, PIPELINE_HOST_CALL
struct host_call
{
    std::int64_t id = 0; ///< ci
    host_method method{};
    std::vector<clixml::value> parameters; ///< encoded as 2.2.6.1 says; read them by the functions below

    /// The server waits for respond() or fail() (MS-PSRP 2.2.3.17).
    [[nodiscard]] bool wants_answer() const noexcept;
    [[nodiscard]] clixml::value to_value() const;
    /// @errors protocol: no such method, or not as many parameters as it has
    [[nodiscard]] static result<host_call> from_value(const clixml::value& v);
};

/// Write1, Write2, WriteLine1 to 3, WriteErrorLine, WriteDebugLine, WriteVerboseLine, WriteWarningLine: text for the
/// user.
struct host_write
{
    std::string text;
    bool ends_line = false;
    std::optional<color> foreground, background;
};
[[nodiscard]] std::optional<host_write> read_host_write(const host_call& call);

struct choice
{
    std::string label; ///< "&Yes": the key is behind the ampersand
    std::string help;
};
/// PromptForChoice, PromptForChoiceMultipleSelection
struct choice_prompt
{
    std::string caption, message;
    std::vector<choice> choices;
    std::vector<std::int32_t> defaults; ///< indices; empty = none
    bool multiple = false;
};
[[nodiscard]] result<choice_prompt> read_choice_prompt(const host_call& call);

/// A field of Prompt
struct prompt_field
{
    std::string name, label, help;
    std::string type_name; ///< "System.Security.SecureString", "System.String", …: ParameterTypeFullName
    bool mandatory = false;
    clixml::value default_value;
    /// To be asked without echo, and answered with a base::secret.
    [[nodiscard]] bool is_secure_string() const noexcept;
    /// To be answered with a credential.
    [[nodiscard]] bool is_credential() const noexcept;
};
struct field_prompt
{
    std::string caption, message;
    std::vector<prompt_field> fields;
};
[[nodiscard]] result<field_prompt> read_field_prompt(const host_call& call);

/// PromptForCredential1 and 2
struct credential_prompt
{
    std::string caption, message, user_name, target_name;
};
[[nodiscard]] result<credential_prompt> read_credential_prompt(const host_call& call);

/// RUNSPACEPOOL_HOST_RESPONSE, PIPELINE_HOST_RESPONSE
struct host_response
{
    std::int64_t id = 0; ///< ci
    host_method method{};
    std::optional<clixml::value> returned; ///< mr, encoded as 2.2.6.1 says
    std::optional<error_record> exception; ///< me

    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<host_response> from_value(const clixml::value& v);
};

// Encodings of 2.2.6.1 for parameters and return values.
[[nodiscard]] clixml::value encode(color c);
[[nodiscard]] clixml::value encode(const coordinates& c);
[[nodiscard]] clixml::value encode(const size& s);
[[nodiscard]] clixml::value encode(const rectangle& r);
[[nodiscard]] clixml::value encode(const key_info& k);
[[nodiscard]] clixml::value encode(const buffer_cell& c);
[[nodiscard]] clixml::value encode(const std::vector<std::int32_t>& numbers);
/// 2.2.6.1.4: rows of cells.
[[nodiscard]] clixml::value encode(const std::vector<std::vector<buffer_cell>>& rows);
[[nodiscard]] result<color> decode_color(const clixml::value& v);
[[nodiscard]] result<coordinates> decode_coordinates(const clixml::value& v);
[[nodiscard]] result<size> decode_size(const clixml::value& v);
[[nodiscard]] result<rectangle> decode_rectangle(const clixml::value& v);
[[nodiscard]] result<key_info> decode_key_info(const clixml::value& v);
[[nodiscard]] result<buffer_cell> decode_buffer_cell(const clixml::value& v);
[[nodiscard]] result<std::vector<std::int32_t>> decode_numbers(const clixml::value& v);
[[nodiscard]] result<std::vector<std::vector<buffer_cell>>> decode_buffer_cells(const clixml::value& v);

} // namespace winrm::psrp
