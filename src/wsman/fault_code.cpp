#include "wsman/fault_code.h"

#include <array>

namespace winrm::wsman {
namespace {

using c = fault_code;

// Codes: the host's own numbers. Subcodes and details: DSP0226 14.6. Sentences: ours, for the reader on either side.
constexpr std::array<fault_row, 87> rows{{
    {c::access_denied, "access_denied", "Sender", "w:AccessDenied", "",
     "The login is valid, but its user may not do this."},
    {c::not_supported, "not_supported", "Receiver", "w:InternalError", "", "The request is not supported."},
    {c::invalid_parameter, "invalid_parameter", "Sender", "w:InvalidParameter", "",
     "A value of the request is not valid here."},
    {c::busy, "busy", "Receiver", "w:InternalError", "",
     "The previous request of this kind is still being carried out; wait for its answer."},
    {c::operation_aborted, "operation_aborted", "Receiver", "w:InternalError", "",
     "The operation was ended because its command or shell was closed or the service stops."},
    {c::no_logon_servers, "no_logon_servers", "Receiver", "w:InternalError", "",
     "No server was there to check the login."},
    {c::no_such_logon_session, "no_such_logon_session", "Receiver", "w:InternalError", "",
     "The login session that the request needs is gone."},
    {c::logon_failure, "logon_failure", "Sender", "w:AccessDenied", "", "The user name or the password is wrong."},
    {c::file_not_found, "file_not_found", "Receiver", "w:InternalError", "", "The program or the file was not found."},
    {c::command_line_too_long, "command_line_too_long", "Sender", "w:InvalidParameter", "",
     "The command line is longer than the host allows."},
    {c::key_deleted, "key_deleted", "Receiver", "w:InternalError", "",
     "The user's profile was unloaded while the shell was open; open a new shell."},
    {c::resource_not_found, "resource_not_found", "Sender", "a:DestinationUnreachable", "ResourceNotFound",
     "The host has no such resource."},
    {c::invalid_uri, "invalid_uri", "Sender", "a:DestinationUnreachable", "InvalidResourceURI",
     "The resource URI is not one that the host knows."},
    {c::soap_version_mismatch, "soap_version_mismatch", "VersionMismatch", "", "", "The message is not SOAP 1.2."},
    {c::invalid_message_information_header, "invalid_message_information_header", "Sender",
     "a:InvalidMessageInformationHeader", "", "The MessageID or another addressing header is empty or not valid."},
    {c::must_understand, "must_understand", "MustUnderstand", "", "",
     "The request has a header that must be understood and is not."},
    {c::header_required, "header_required", "Sender", "a:MessageInformationHeaderRequired", "",
     "A header that every request needs is missing."},
    {c::action_not_supported, "action_not_supported", "Sender", "a:ActionNotSupported", "",
     "The resource does not offer this action."},
    {c::filtering_not_supported, "filtering_not_supported", "Sender", "n:FilteringNotSupported", "",
     "The resource cannot be enumerated with a filter."},
    {c::filter_dialect_unavailable, "filter_dialect_unavailable", "Sender", "n:FilterDialectRequestedUnavailable", "",
     "The dialect of the filter is not known to the host."},
    {c::cannot_process_filter, "cannot_process_filter", "Sender", "n:CannotProcessFilter", "",
     "The filter is missing or not valid."},
    {c::invalid_enumeration_context, "invalid_enumeration_context", "Receiver", "n:InvalidEnumerationContext", "",
     "The enumeration is unknown, has ended, or was left alone for too long."},
    {c::pull_timed_out, "pull_timed_out", "Receiver", "n:TimedOut", "",
     "The next part of the enumeration was not ready in time."},
    {c::eventing_delivery_mode_unavailable, "eventing_delivery_mode_unavailable", "Sender",
     "e:DeliveryModeRequestedUnavailable", "", "The way of delivering events that was asked for is not offered."},
    {c::eventing_invalid_expiration, "eventing_invalid_expiration", "Sender", "e:InvalidExpirationTime", "",
     "The expiration time of the subscription is not valid."},
    {c::eventing_unsupported_expiration_type, "eventing_unsupported_expiration_type", "Sender",
     "e:UnsupportedExpirationType", "", "This kind of expiration time is not supported for subscriptions."},
    {c::eventing_filtering_not_supported, "eventing_filtering_not_supported", "Sender", "e:FilteringNotSupported", "",
     "Events of this resource cannot be filtered."},
    {c::eventing_filter_dialect_unavailable, "eventing_filter_dialect_unavailable", "Sender",
     "e:FilteringRequestedUnavailable", "", "The dialect of the event filter is not known to the host."},
    {c::eventing_source_unable, "eventing_source_unable", "Receiver", "e:EventSourceUnableToProcess", "",
     "The event source cannot take the subscription."},
    {c::eventing_unable_to_renew, "eventing_unable_to_renew", "Receiver", "e:UnableToRenew", "",
     "The subscription cannot be renewed."},
    {c::eventing_invalid_message, "eventing_invalid_message", "Sender", "e:InvalidMessage", "",
     "The eventing message is not valid."},
    {c::envelope_too_large, "envelope_too_large", "Sender", "w:EncodingLimit", "MaxEnvelopeSize",
     "The message is larger than an envelope may be."},
    {c::invalid_soap_body, "invalid_soap_body", "Sender", "w:SchemaValidationError", "",
     "The body of the message is missing or not what the action needs."},
    {c::operation_timed_out, "operation_timed_out", "Receiver", "w:TimedOut", "",
     "The operation was not complete within the OperationTimeout of the request."},
    {c::uri_limit, "uri_limit", "Sender", "w:EncodingLimit", "URILimitExceeded",
     "A URI or identifier in the headers is longer than 2048 bytes."},
    {c::already_exists, "already_exists", "Sender", "w:AlreadyExists", "",
     "A resource with this name or identifier exists already."},
    {c::encoding_limit, "encoding_limit", "Sender", "w:EncodingLimit", "",
     "The message goes beyond a limit of the host."},
    {c::invalid_options, "invalid_options", "Sender", "w:InvalidOptions", "NotSupported",
     "The request insists on an option that is not known here, or gives an option a wrong value."},
    {c::wsman_invalid_parameter, "wsman_invalid_parameter", "Sender", "w:InvalidParameter", "InvalidValue",
     "A parameter of the operation is not valid."},
    {c::invalid_resource_uri, "invalid_resource_uri", "Sender", "a:DestinationUnreachable", "InvalidResourceURI",
     "The resource URI names a configuration or class that the host does not have."},
    {c::invalid_selectors, "invalid_selectors", "Sender", "w:InvalidSelectors", "InvalidValue",
     "The selectors are not valid for this resource."},
    {c::quota_limit, "quota_limit", "Sender", "w:QuotaLimit", "",
     "The host is busy: a quota is used up; wait and try again."},
    {c::schema_validation_error, "schema_validation_error", "Sender", "w:SchemaValidationError", "",
     "The XML of the message is not what its schema says."},
    {c::unsupported_feature, "unsupported_feature", "Sender", "w:UnsupportedFeature", "",
     "The request needs a feature that is not offered."},
    {c::max_envelope_size_too_small, "max_envelope_size_too_small", "Sender", "w:EncodingLimit", "MaxEnvelopeSize",
     "The MaxEnvelopeSize asked for is below 8192 octets or no number."},
    {c::max_envelope_size_exceeded, "max_envelope_size_exceeded", "Sender", "w:EncodingLimit",
     "MaxEnvelopeSizeExceeded", "The answer does not fit into the MaxEnvelopeSize of the request."},
    {c::server_envelope_limit, "server_envelope_limit", "Sender", "w:EncodingLimit", "ServiceEnvelopeLimit",
     "The answer would be larger than the envelope limit of the host."},
    {c::character_set, "character_set", "Sender", "w:EncodingLimit", "CharacterSet",
     "The message is neither valid UTF-8 nor valid UTF-16."},
    {c::insufficient_selectors, "insufficient_selectors", "Sender", "w:InvalidSelectors", "InsufficientSelectors",
     "A selector that names the resource is missing."},
    {c::unexpected_selectors, "unexpected_selectors", "Sender", "w:InvalidSelectors", "UnexpectedSelectors",
     "No shell or command of this user has that identifier: it has ended, or it never existed."},
    {c::invalid_timeout_header, "invalid_timeout_header", "Sender", "a:InvalidMessageInformationHeader",
     "InvalidTimeout", "The OperationTimeout header is not a valid duration."},
    {c::config_set_by_policy, "config_set_by_policy", "Sender", "w:AccessDenied", "",
     "The setting is fixed by a policy of the host."},
    {c::invalid_header, "invalid_header", "Sender", "w:SchemaValidationError", "InvalidHeader",
     "A header of the request stands twice or is not valid."},
    {c::config_read_only, "config_read_only", "Sender", "w:InvalidParameter", "", "The setting is read-only."},
    {c::code_page_not_supported, "code_page_not_supported", "Receiver", "w:InternalError", "",
     "The host does not have the code page that the shell asked for."},
    {c::redirect_requested, "redirect_requested", "Sender", "w:InternalError", "",
     "The host asks to use another address."},
    {c::quota_shells_per_user, "quota_shells_per_user", "Sender", "w:QuotaLimit", "",
     "The user has as many shells open as the host allows; close some or raise MaxShellsPerUser."},
    {c::quota_operations_per_user, "quota_operations_per_user", "Sender", "w:QuotaLimit", "",
     "The user has as many operations running as the host allows; wait or raise MaxConcurrentOperationsPerUser."},
    {c::quota_user, "quota_user", "Sender", "w:QuotaLimit", "",
     "The user's load quota is used up; wait and try again."},
    {c::quota_system, "quota_system", "Sender", "w:QuotaLimit", "",
     "The load quota of the host is used up; wait and try again."},
    {c::quota_shell_users, "quota_shell_users", "Sender", "w:QuotaLimit", "",
     "As many users have shells as the host allows; try again later or raise MaxConcurrentUsers."},
    {c::remote_shells_not_allowed, "remote_shells_not_allowed", "Sender", "w:AccessDenied", "",
     "Remote shells are switched off on the host."},
    {c::config_setting_deprecated, "config_setting_deprecated", "Sender", "w:InvalidParameter", "",
     "The setting has no effect any more and cannot be changed."},
    {c::enumerate_commands_filter_expected, "enumerate_commands_filter_expected", "Sender", "n:CannotProcessFilter", "",
     "Commands are enumerated with a selector filter that names the ShellId."},
    {c::enumerate_commands_epr_not_supported, "enumerate_commands_epr_not_supported", "Sender", "w:UnsupportedFeature",
     "EnumerationMode", "Commands have no endpoint references to enumerate."},
    {c::create_shell_name_invalid, "create_shell_name_invalid", "Sender", "w:InvalidParameter", "InvalidValue",
     "The name of the shell is not valid."},
    {c::shell_disconnected, "shell_disconnected", "Receiver", "w:InternalError", "",
     "The shell is disconnected; reconnect first."},
    {c::disconnect_not_supported, "disconnect_not_supported", "Receiver", "w:InternalError", "",
     "Shells of this kind cannot be disconnected and taken up again."},
    {c::client_session_mismatch, "client_session_mismatch", "Receiver", "w:InternalError", "",
     "The shell belongs to another client session."},
    {c::command_terminated, "command_terminated", "Receiver", "w:InternalError", "",
     "The command has been terminated."},
    {c::connected_to_other_client, "connected_to_other_client", "Receiver", "w:InternalError", "",
     "Another client is connected to the shell."},
    {c::disconnect_not_valid, "disconnect_not_valid", "Receiver", "w:InternalError", "",
     "The shell cannot be disconnected in its present state."},
    {c::reconnect_not_valid, "reconnect_not_valid", "Receiver", "w:InternalError", "",
     "The shell cannot be reconnected in its present state."},
    {c::client_id_invalid, "client_id_invalid", "Receiver", "w:InternalError", "",
     "The client's session identifier is not valid."},
    {c::remote_access_not_allowed, "remote_access_not_allowed", "Sender", "w:AccessDenied", "",
     "Remote access is switched off on the host."},
    {c::service_stream_disconnected, "service_stream_disconnected", "Receiver", "w:InternalError", "",
     "The service has disconnected the stream; reconnect."},
    {c::plugin_remote_not_allowed, "plugin_remote_not_allowed", "Sender", "w:AccessDenied", "",
     "This endpoint does not take remote connections."},
    {c::quota_plugin_shells_per_user, "quota_plugin_shells_per_user", "Sender", "w:QuotaLimit", "",
     "The user has as many shells as this endpoint allows."},
    {c::quota_plugin_users, "quota_plugin_users", "Sender", "w:QuotaLimit", "",
     "As many users have shells as this endpoint allows."},
    {c::quota_plugin_shells, "quota_plugin_shells", "Sender", "w:QuotaLimit", "",
     "This endpoint has as many shells as it allows."},
    {c::quota_plugin_operations, "quota_plugin_operations", "Sender", "w:QuotaLimit", "",
     "This endpoint has as many operations running as it allows."},
    {c::quota_plugin_operations_per_user, "quota_plugin_operations_per_user", "Sender", "w:QuotaLimit", "",
     "The user has as many operations running as this endpoint allows."},
    {c::quota_processes_per_shell, "quota_processes_per_shell", "Sender", "w:QuotaLimit", "",
     "The shell has as many commands as the host allows; end some first."},
    {c::quota_plugin_minimum, "quota_plugin_minimum", "Sender", "w:QuotaLimit", "",
     "The quotas of this endpoint are below what the shell needs."},
    {c::idle_timeout_out_of_bounds, "idle_timeout_out_of_bounds", "Sender", "w:InvalidParameter", "InvalidValue",
     "The idle timeout asked for is outside of what the host allows."},
    {c::protocol_version_mismatch, "protocol_version_mismatch", "Sender", "w:InvalidOptions", "InvalidValue",
     "The PowerShell protocol version asked for is not supported."},
    {c::protocol_version_missing, "protocol_version_missing", "Sender", "w:InvalidOptions", "",
     "The PowerShell protocol version is missing from the options."},
}};

base::bytes_view local_part(base::bytes_view qname) { return qname.substr(qname.find(':') + 1); }

} // namespace

std::span<const fault_row> fault_table() noexcept { return rows; }

const fault_row* find_fault(std::uint32_t code) noexcept
{
    for (const fault_row& r : rows) {
        if (static_cast<std::uint32_t>(r.code) == code) return &r;
    }
    return nullptr;
}

base::bytes_view subcode_by_local_name(base::bytes_view local) noexcept
{
    base::bytes_view found;
    for (const fault_row& r : rows) {
        if (r.subcode.empty() || local_part(r.subcode) != local) continue;
        if (!found.empty() && found != r.subcode) return {};
        found = r.subcode;
    }
    return found;
}

const fault_row* find_fault_by_subcode(base::bytes_view subcode) noexcept
{
    const fault_row* found = nullptr;
    for (const fault_row& r : rows) {
        if (subcode.empty() || r.subcode != subcode) continue;
        if (found != nullptr) return nullptr;
        found = &r;
    }
    return found;
}

bool is_quota(fault_code code) noexcept
{
    const fault_row* r = find_fault(static_cast<std::uint32_t>(code));
    return r != nullptr && r->subcode == "w:QuotaLimit";
}

} // namespace winrm::wsman
