// The data of a message as a type of its own: all of MS-PSRP 2.2.2 in one variant, read and written.
#pragma once

#include "clixml/reader.h"
#include "psrp/host_call.h"
#include "psrp/message.h"
#include "psrp/pool_messages.h"

#include <variant>

namespace winrm::psrp {

/// 2.2.2.17, 2.2.2.19: any value at all
struct pipeline_input_object
{
    clixml::value value;
};
struct pipeline_output_object
{
    clixml::value value;
};
/// 2.2.2.18: no data
struct end_of_pipeline_input
{};

/// Two types have two messages each: host_call and host_response, for pools and pipelines. informational_record has
/// three.
using message_content =
    std::variant<session_capability, init_runspacepool, public_key, encrypted_session_key, public_key_request,
                 connect_runspacepool, runspacepool_init_data, reset_runspace_state, set_max_runspaces,
                 set_min_runspaces, runspace_availability, runspacepool_state_message, pipeline,
                 get_available_runspaces, user_event, application_private_data, get_command_metadata, host_call,
                 host_response, pipeline_input_object, end_of_pipeline_input, pipeline_output_object, error_record,
                 pipeline_state_message, informational_record, progress_record, information_record>;

/// @errors protocol: data that is not what the message's type says; too_large: beyond `bounds`
[[nodiscard]] result<message_content> read_content(const message& m, const clixml::limits& bounds = {});
/// The same of a value that was read already. Precondition: `type` is one of the 31.
[[nodiscard]] result<message_content> read_content(message_type type, const clixml::value& v);
/// The value that the data is; nullopt: there is no data.
[[nodiscard]] std::optional<clixml::value> to_value(const message_content& c);
/// The data of a message.
[[nodiscard]] base::bytes write_content(const message_content& c);

} // namespace winrm::psrp
