// Every fault we send or understand, as one table (MS-WSMV 2.2.4.43).
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <span>

namespace winrm::wsman {

/// The values are the codes on the wire (WSManFault/@Code).
enum class fault_code : std::uint32_t {
    access_denied = 5,
    not_supported = 50,
    invalid_parameter = 87,
    busy = 170,
    operation_aborted = 995,
    no_logon_servers = 1311,
    no_such_logon_session = 1312,
    logon_failure = 1326,
    file_not_found = 0x80070002,
    command_line_too_long = 0x800700CE,
    key_deleted = 0x800703FA,
    resource_not_found = 0x80338000,
    invalid_uri = 0x80338002,
    soap_version_mismatch = 0x8033800D,
    invalid_message_information_header = 0x8033800F,
    must_understand = 0x80338010,
    header_required = 0x80338011,
    action_not_supported = 0x80338013,
    filtering_not_supported = 0x80338018,
    filter_dialect_unavailable = 0x80338019,
    cannot_process_filter = 0x8033801A,
    invalid_enumeration_context = 0x8033801B,
    pull_timed_out = 0x8033801C,
    eventing_delivery_mode_unavailable = 0x8033801E,
    eventing_invalid_expiration = 0x8033801F,
    eventing_unsupported_expiration_type = 0x80338020,
    eventing_filtering_not_supported = 0x80338021,
    eventing_filter_dialect_unavailable = 0x80338022,
    eventing_source_unable = 0x80338023,
    eventing_unable_to_renew = 0x80338024,
    eventing_invalid_message = 0x80338025,
    envelope_too_large = 0x80338026,
    invalid_soap_body = 0x80338027,
    operation_timed_out = 0x80338029,
    uri_limit = 0x8033802D,
    already_exists = 0x80338033,
    encoding_limit = 0x80338035,
    invalid_options = 0x80338039,
    wsman_invalid_parameter = 0x8033803A,
    invalid_resource_uri = 0x8033803B,
    invalid_selectors = 0x8033803D,
    quota_limit = 0x8033803F,
    schema_validation_error = 0x80338041,
    unsupported_feature = 0x80338042,
    max_envelope_size_too_small = 0x80338047,
    max_envelope_size_exceeded = 0x80338048,
    server_envelope_limit = 0x80338049,
    character_set = 0x8033804C,
    insufficient_selectors = 0x8033805A,
    unexpected_selectors = 0x8033805B,
    invalid_timeout_header = 0x80338081,
    config_set_by_policy = 0x8033808A,
    invalid_header = 0x8033811B,
    config_read_only = 0x8033813F,
    code_page_not_supported = 0x80338140,
    redirect_requested = 0x80338199,
    quota_shells_per_user = 0x803381A5,
    quota_operations_per_user = 0x803381A6,
    quota_user = 0x803381A7,
    quota_system = 0x803381A8,
    quota_shell_users = 0x803381AB,
    remote_shells_not_allowed = 0x803381AC,
    config_setting_deprecated = 0x803381AE,
    enumerate_commands_filter_expected = 0x803381C0,
    enumerate_commands_epr_not_supported = 0x803381C1,
    create_shell_name_invalid = 0x803381C2,
    shell_disconnected = 0x803381C4,
    disconnect_not_supported = 0x803381C5,
    client_session_mismatch = 0x803381C6,
    command_terminated = 0x803381CC,
    connected_to_other_client = 0x803381CD,
    disconnect_not_valid = 0x803381CF,
    reconnect_not_valid = 0x803381D0,
    client_id_invalid = 0x803381D5,
    remote_access_not_allowed = 0x803381DD,
    service_stream_disconnected = 0x803381DE,
    plugin_remote_not_allowed = 0x803381E3,
    quota_plugin_shells_per_user = 0x803381E4,
    quota_plugin_users = 0x803381E5,
    quota_plugin_shells = 0x803381E6,
    quota_plugin_operations = 0x803381E7,
    quota_plugin_operations_per_user = 0x803381E8,
    quota_processes_per_shell = 0x803381E9, ///< commands per shell
    quota_plugin_minimum = 0x803381EA,
    idle_timeout_out_of_bounds = 0x803381F2,
    protocol_version_mismatch = 0x80540BC5,
    protocol_version_missing = 0x80540BC7,
};

struct fault_row
{
    fault_code code;
    base::bytes_view name;    ///< lower_snake, e.g. "operation_timed_out"
    base::bytes_view role;    ///< "Sender", "Receiver", "MustUnderstand" or "VersionMismatch"
    base::bytes_view subcode; ///< "w:TimedOut"; "" for s:MustUnderstand and s:VersionMismatch
    base::bytes_view detail;  ///< last part of the FaultDetail URI ("InvalidValue"), "" = none
    base::bytes_view text;    ///< our own English sentence
};

[[nodiscard]] std::span<const fault_row> fault_table() noexcept;
/// nullptr for a code that is not ours.
[[nodiscard]] const fault_row* find_fault(std::uint32_t code) noexcept;
/// "w:InvalidSelectors" for local name "InvalidSelectors" where the table makes it unique; "" otherwise.
[[nodiscard]] base::bytes_view subcode_by_local_name(base::bytes_view local) noexcept;
/// The only row with this subcode ("w:TimedOut"); nullptr if none or several have it.
[[nodiscard]] const fault_row* find_fault_by_subcode(base::bytes_view subcode) noexcept;
/// Quotas: reported with MSFT_WmiError besides WSManFault.
[[nodiscard]] bool is_quota(fault_code code) noexcept;

} // namespace winrm::wsman
