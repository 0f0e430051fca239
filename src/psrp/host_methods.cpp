// The table of host methods: what each takes and gives (MS-PSRP 2.2.3.17), with the parameters that PowerShell's host
// has.
#include "psrp/host_call.h"

#include <array>

namespace winrm::psrp {
namespace {

using enum host_type;

constexpr host_type one_text[] = {text};
constexpr host_type one_number[] = {number};
constexpr host_type one_color[] = {host_type::color};
constexpr host_type one_coordinates[] = {host_type::coordinates};
constexpr host_type one_size[] = {host_type::size};
constexpr host_type coloured_text[] = {host_type::color, host_type::color, text};
constexpr host_type progress_parameters[] = {long_number, progress};
constexpr host_type prompt_parameters[] = {text, text, fields};
constexpr host_type credential1_parameters[] = {text, text, text, text};
constexpr host_type credential2_parameters[] = {text, text, text, text, number, number};
constexpr host_type choice_parameters[] = {text, text, choices, number};
constexpr host_type choices_parameters[] = {text, text, choices, numbers};
constexpr host_type set_cells_parameters[] = {host_type::rectangle, host_type::buffer_cell};
constexpr host_type set_buffer_parameters[] = {host_type::coordinates, buffer_cells};
constexpr host_type one_rectangle[] = {host_type::rectangle};
constexpr host_type scroll_parameters[] = {host_type::rectangle, host_type::coordinates, host_type::rectangle,
                                           host_type::buffer_cell};
constexpr host_type one_any[] = {any};
constexpr std::span<const host_type> nothing;

using m = host_method;

constexpr std::array<host_method_row, 56> rows{{
    {m::get_name, "GetName", text, nothing},
    {m::get_version, "GetVersion", version, nothing},
    {m::get_instance_id, "GetInstanceId", guid, nothing},
    {m::get_current_culture, "GetCurrentCulture", culture, nothing},
    {m::get_current_ui_culture, "GetCurrentUICulture", culture, nothing},
    {m::set_should_exit, "SetShouldExit", none, one_number},
    {m::enter_nested_prompt, "EnterNestedPrompt", none, nothing},
    {m::exit_nested_prompt, "ExitNestedPrompt", none, nothing},
    {m::notify_begin_application, "NotifyBeginApplication", none, nothing},
    {m::notify_end_application, "NotifyEndApplication", none, nothing},
    {m::read_line, "ReadLine", text, nothing},
    {m::read_line_as_secure_string, "ReadLineAsSecureString", secure_string, nothing},
    {m::write1, "Write1", none, one_text},
    {m::write2, "Write2", none, coloured_text},
    {m::write_line1, "WriteLine1", none, nothing},
    {m::write_line2, "WriteLine2", none, one_text},
    {m::write_line3, "WriteLine3", none, coloured_text},
    {m::write_error_line, "WriteErrorLine", none, one_text},
    {m::write_debug_line, "WriteDebugLine", none, one_text},
    {m::write_progress, "WriteProgress", none, progress_parameters},
    {m::write_verbose_line, "WriteVerboseLine", none, one_text},
    {m::write_warning_line, "WriteWarningLine", none, one_text},
    {m::prompt, "Prompt", answers, prompt_parameters},
    {m::prompt_for_credential1, "PromptForCredential1", credential, credential1_parameters},
    {m::prompt_for_credential2, "PromptForCredential2", credential, credential2_parameters},
    {m::prompt_for_choice, "PromptForChoice", number, choice_parameters},
    {m::get_foreground_color, "GetForegroundColor", host_type::color, nothing},
    {m::set_foreground_color, "SetForegroundColor", none, one_color},
    {m::get_background_color, "GetBackgroundColor", host_type::color, nothing},
    {m::set_background_color, "SetBackgroundColor", none, one_color},
    {m::get_cursor_position, "GetCursorPosition", host_type::coordinates, nothing},
    {m::set_cursor_position, "SetCursorPosition", none, one_coordinates},
    {m::get_window_position, "GetWindowPosition", host_type::coordinates, nothing},
    {m::set_window_position, "SetWindowPosition", none, one_coordinates},
    {m::get_cursor_size, "GetCursorSize", number, nothing},
    {m::set_cursor_size, "SetCursorSize", none, one_number},
    {m::get_buffer_size, "GetBufferSize", host_type::size, nothing},
    {m::set_buffer_size, "SetBufferSize", none, one_size},
    {m::get_window_size, "GetWindowSize", host_type::size, nothing},
    {m::set_window_size, "SetWindowSize", none, one_size},
    {m::get_window_title, "GetWindowTitle", text, nothing},
    {m::set_window_title, "SetWindowTitle", none, one_text},
    {m::get_max_window_size, "GetMaxWindowSize", host_type::size, nothing},
    {m::get_max_physical_window_size, "GetMaxPhysicalWindowSize", host_type::size, nothing},
    {m::get_key_available, "GetKeyAvailable", boolean, nothing},
    {m::read_key, "ReadKey", host_type::key_info, one_number},
    {m::flush_input_buffer, "FlushInputBuffer", none, nothing},
    {m::set_buffer_contents1, "SetBufferContents1", none, set_cells_parameters},
    {m::set_buffer_contents2, "SetBufferContents2", none, set_buffer_parameters},
    {m::get_buffer_contents, "GetBufferContents", buffer_cells, one_rectangle},
    {m::scroll_buffer_contents, "ScrollBufferContents", none, scroll_parameters},
    {m::push_runspace, "PushRunspace", none, one_any},
    {m::pop_runspace, "PopRunspace", none, nothing},
    {m::get_is_runspace_pushed, "GetIsRunspacePushed", boolean, nothing},
    {m::get_runspace, "GetRunspace", any, nothing},
    {m::prompt_for_choice_multiple_selection, "PromptForChoiceMultipleSelection", numbers, choices_parameters},
}};

} // namespace

std::span<const host_method_row> host_method_rows() noexcept { return rows; }

const host_method_row* find_host_method(host_method method) noexcept
{
    const auto at = static_cast<std::size_t>(static_cast<std::int32_t>(method)) - 1;
    return at < rows.size() ? &rows[at] : nullptr;
}

std::string_view name(host_method method) noexcept
{
    const host_method_row* row = find_host_method(method);
    return row != nullptr ? row->name : std::string_view{};
}

} // namespace winrm::psrp
