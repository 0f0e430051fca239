// The messages about a pool as values (MS-PSRP 2.2.2). Each has to_value() and from_value(); their data is that value
// in CLIXML.
#pragma once

#include "psrp/pipeline.h"
#include "psrp/records.h"

#include <variant>

namespace winrm::psrp {

/// 2.2.2.1. Versions as text: "2.3".
struct session_capability
{
    std::string protocol_version = "2.3";
    std::string ps_version = "2.0"; ///< 3.1.5.4.1.1: both ends say 2.0, whatever they are
    std::string serialization_version = "1.1.0.1";
    std::optional<clixml::value> time_zone; ///< a byte array by .NET's own formatter: kept, never read
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<session_capability> from_value(const clixml::value& v);
};

/// 2.2.2.2
struct init_runspacepool
{
    std::int32_t min_runspaces = 1, max_runspaces = 1;
    thread_options threads = thread_options::default_options;
    apartment_state apartment = apartment_state::unknown;
    host_info host;
    clixml::value application_arguments; ///< primitive dictionary, or null
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<init_runspacepool> from_value(const clixml::value& v);
};

/// 2.2.2.3: base64 of a PUBLICKEYBLOB
struct public_key
{
    std::string key;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<public_key> from_value(const clixml::value& v);
};
/// 2.2.2.4: base64 of a SIMPLEBLOB
struct encrypted_session_key
{
    std::string key;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<encrypted_session_key> from_value(const clixml::value& v);
};
/// 2.2.2.5: an empty string
struct public_key_request
{
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<public_key_request> from_value(const clixml::value& v);
};

/// 2.2.2.6, 2.2.2.7
struct set_max_runspaces
{
    std::int64_t call = 0; ///< ci
    std::int32_t max_runspaces = 1;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<set_max_runspaces> from_value(const clixml::value& v);
};
struct set_min_runspaces
{
    std::int64_t call = 0;
    std::int32_t min_runspaces = 1;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<set_min_runspaces> from_value(const clixml::value& v);
};
/// 2.2.2.11
struct get_available_runspaces
{
    std::int64_t call = 0;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<get_available_runspaces> from_value(const clixml::value& v);
};
/// 2.2.2.31
struct reset_runspace_state
{
    std::int64_t call = 0;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<reset_runspace_state> from_value(const clixml::value& v);
};
/// 2.2.2.8: whether it was done (set…, reset), or how many runspaces are free (get…)
struct runspace_availability
{
    std::int64_t call = 0;
    std::variant<bool, std::int64_t> answer;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<runspace_availability> from_value(const clixml::value& v);
};

/// 2.2.2.9
struct runspacepool_state_message
{
    runspacepool_state state = runspacepool_state::opened;
    std::optional<error_record> error;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<runspacepool_state_message> from_value(const clixml::value& v);
};
/// 2.2.2.21
struct pipeline_state_message
{
    invocation_state state = invocation_state::completed;
    std::optional<error_record> error;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<pipeline_state_message> from_value(const clixml::value& v);
};

/// 2.2.2.12
struct user_event
{
    std::int32_t event_id = 0;
    std::string source_id;
    clixml::value time_generated, sender, source_arguments, message_data;
    std::optional<std::string> computer;
    clixml::value runspace_id; ///< a GUID
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<user_event> from_value(const clixml::value& v);
};

/// 2.2.2.13
struct application_private_data
{
    clixml::value data; ///< primitive dictionary, or null
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<application_private_data> from_value(const clixml::value& v);
};

/// 2.2.2.14
struct get_command_metadata
{
    std::optional<std::vector<std::string>> names; ///< wildcards (2.2.3.20); nullopt = all
    command_types types = command_types::all;
    std::optional<std::vector<std::string>> namespaces;
    std::optional<std::vector<clixml::value>> arguments; ///< 2.2.3.24
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<get_command_metadata> from_value(const clixml::value& v);
};
/// 2.2.3.21: the first output of GET_COMMAND_METADATA
struct command_metadata_count
{
    std::int32_t count = 0;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<command_metadata_count> from_value(const clixml::value& v);
};
/// 2.2.3.23
struct parameter_metadata
{
    std::string name, type_name;
    std::vector<std::string> aliases;
    bool is_switch = false, is_dynamic = false;
};
/// 2.2.3.22: what follows it
struct command_metadata
{
    std::string name;
    std::optional<std::string> help_uri, command_namespace;
    command_types type = command_types::cmdlet;
    std::optional<std::string> resolved_name; ///< of an alias
    std::vector<std::string> output_types;
    std::vector<parameter_metadata> parameters;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<command_metadata> from_value(const clixml::value& v);
};

/// 2.2.2.29; both nullopt: as the server has them
struct connect_runspacepool
{
    std::optional<std::int32_t> min_runspaces, max_runspaces;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<connect_runspacepool> from_value(const clixml::value& v);
};
/// 2.2.2.30
struct runspacepool_init_data
{
    std::int32_t min_runspaces = 1, max_runspaces = 1;
    [[nodiscard]] clixml::value to_value() const;
    [[nodiscard]] static result<runspacepool_init_data> from_value(const clixml::value& v);
};

} // namespace winrm::psrp
