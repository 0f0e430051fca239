// Small object types that PSRP messages are made of (MS-PSRP 2.2.3), but for records, pipelines and host calls.
#pragma once

#include "clixml/value.h"

#include <winrm/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::psrp {

/// 2.2.3.4
enum class runspacepool_state : std::int32_t {
    before_open,
    opening,
    opened,
    closed,
    closing,
    broken,
    negotiation_sent,
    negotiation_succeeded,
    connecting,
    disconnected
};
/// 2.2.3.5 PSInvocationState
enum class invocation_state : std::int32_t { not_started, running, stopping, stopped, completed, failed, disconnected };
/// PowerShell's spelling: "Opened", "NotStarted".
[[nodiscard]] std::string_view name(runspacepool_state state) noexcept;
[[nodiscard]] std::string_view name(invocation_state state) noexcept;

/// 2.2.3.6, for the higher layer
enum class thread_options : std::int32_t { default_options, use_new_thread, reuse_thread, use_current_thread };
/// 2.2.3.7, for the higher layer
enum class apartment_state : std::int32_t { sta, mta, unknown };

/// 2.2.3.8 RemoteStreamOptions: which records tell what command they are from. Bits.
enum class stream_options : std::int32_t { none = 0, error = 1, warning = 2, debug = 4, verbose = 8, all = 15 };

/// 2.2.3.9
enum class error_category : std::int32_t {
    not_specified,
    open_error,
    close_error,
    device_error,
    deadlock_detected,
    invalid_argument,
    invalid_data,
    invalid_operation,
    invalid_result,
    invalid_type,
    metadata_error,
    not_implemented,
    not_installed,
    object_not_found,
    operation_stopped,
    operation_timeout,
    syntax_error,
    parser_error,
    permission_denied,
    resource_busy,
    resource_exists,
    resource_unavailable,
    read_error,
    write_error,
    from_std_err,
    security_error,
    protocol_error,
    connection_error,
    authentication_error,
    limits_exceeded,
    quota_exceeded,
    not_enabled
};
/// "InvalidOperation"; "NotSpecified" for a value that is none.
[[nodiscard]] std::string_view name(error_category category) noexcept;

/// 2.2.3.31 PipelineResultTypes. Bits; what is merged into what.
enum class result_types : std::int32_t {
    none = 0,
    output = 1,
    error = 2,
    warning = 4,
    verbose = 8,
    debug = 16,
    information = 32,
    all = 0x20, ///< the specification's word for 0x20, of before there was an information stream
    null = 0x40
};

/// 2.2.3.19 CommandTypes. Bits.
enum class command_types : std::int32_t {
    alias = 1,
    function = 2,
    filter = 4,
    cmdlet = 8,
    external_script = 16,
    application = 32,
    script = 64,
    configuration = 256,
    all = 383
};

/// 2.2.3.3 Color, System.ConsoleColor
enum class color : std::int32_t {
    black,
    dark_blue,
    dark_green,
    dark_cyan,
    dark_red,
    dark_magenta,
    dark_yellow,
    gray,
    dark_gray,
    blue,
    green,
    cyan,
    red,
    magenta,
    yellow,
    white
};

/// 2.2.3.1: column and row from 0
struct coordinates
{
    std::int32_t x = 0, y = 0;
    friend bool operator==(const coordinates&, const coordinates&) = default;
};
/// 2.2.3.2, in character cells
struct size
{
    std::int32_t width = 0, height = 0;
    friend bool operator==(const size&, const size&) = default;
};
struct rectangle
{
    std::int32_t left = 0, top = 0, right = 0, bottom = 0;
    friend bool operator==(const rectangle&, const rectangle&) = default;
};
/// 2.2.3.26; control_keys: bits of 2.2.3.27 ControlKeyStates
struct key_info
{
    std::int32_t virtual_key_code = 0;
    char16_t character = 0;
    std::int32_t control_keys = 0;
    bool key_down = false;
    friend bool operator==(const key_info&, const key_info&) = default;
};
/// 2.2.3.28, 2.2.3.29
enum class buffer_cell_type : std::int32_t { complete, leading, trailing };
struct buffer_cell
{
    char16_t character = u' ';
    color foreground = color::gray, background = color::black;
    buffer_cell_type type = buffer_cell_type::complete;
    friend bool operator==(const buffer_cell&, const buffer_cell&) = default;
};

/// 2.2.3.14: what _hostDefaultData holds, by its keys 0 to 9.
struct host_default_data
{
    color foreground = color::gray, background = color::black;
    coordinates cursor_position, window_position;
    std::int32_t cursor_size = 25;
    size buffer_size{120, 3000}, window_size{120, 50}, max_window_size{120, 50}, max_physical_window_size{120, 50};
    std::string window_title;
    friend bool operator==(const host_default_data&, const host_default_data&) = default;
};

/// 2.2.3.14 HostInfo. The default: no host at all, host calls then fail on the server.
struct host_info
{
    bool is_host_null = true, is_ui_null = true, is_raw_ui_null = true;
    bool use_runspace_host = true; ///< of a pipeline: the host of its pool
    std::optional<host_default_data> data;

    /// A host with a user interface, `window` characters wide and high: Write-Host, Read-Host, prompts come as host
    /// calls.
    [[nodiscard]] static host_info interactive(size window);
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<host_info> from_value(const clixml::value& v);
};

} // namespace winrm::psrp
