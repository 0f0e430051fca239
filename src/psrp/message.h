// The PSRP message (MS-PSRP 2.2.1): where it goes, what it is, which pool and pipeline it is about, and its data.
#pragma once

#include "base/bytes.h"
#include "base/uuid.h"

#include <winrm/result.h>

#include <cstdint>
#include <optional>
#include <span>

namespace winrm::psrp {

enum class destination : std::uint32_t { client = 1, server = 2 };

enum class message_type : std::uint32_t {
    session_capability = 0x0001'0002,
    init_runspacepool = 0x0001'0004,
    public_key = 0x0001'0005,
    encrypted_session_key = 0x0001'0006,
    public_key_request = 0x0001'0007,
    connect_runspacepool = 0x0001'0008,
    set_max_runspaces = 0x0002'1002,
    set_min_runspaces = 0x0002'1003,
    runspace_availability = 0x0002'1004,
    runspacepool_state = 0x0002'1005,
    create_pipeline = 0x0002'1006,
    get_available_runspaces = 0x0002'1007,
    user_event = 0x0002'1008,
    application_private_data = 0x0002'1009,
    get_command_metadata = 0x0002'100A,
    runspacepool_init_data = 0x0002'100B,
    reset_runspace_state = 0x0002'100C,
    runspacepool_host_call = 0x0002'1100,
    runspacepool_host_response = 0x0002'1101,
    pipeline_input = 0x0004'1002,
    end_of_pipeline_input = 0x0004'1003,
    pipeline_output = 0x0004'1004,
    error_record = 0x0004'1005,
    pipeline_state = 0x0004'1006,
    debug_record = 0x0004'1007,
    verbose_record = 0x0004'1008,
    warning_record = 0x0004'1009,
    progress_record = 0x0004'1010,
    information_record = 0x0004'1011,
    pipeline_host_call = 0x0004'1100,
    pipeline_host_response = 0x0004'1101,
};

enum class message_direction { to_server, to_client, both };
enum class message_target { pool, pipeline };

/// What MS-PSRP 2.2.1 says of a type.
struct message_row
{
    message_type type;
    base::bytes_view name; ///< "CREATE_PIPELINE"
    message_direction direction;
    message_target target;
};
[[nodiscard]] std::span<const message_row> message_rows() noexcept;
/// nullptr: no such type.
[[nodiscard]] const message_row* find_message_row(message_type type) noexcept;
/// "CREATE_PIPELINE"; "" for a value that is none.
[[nodiscard]] base::bytes_view name(message_type type) noexcept;

/// Destination, MessageType, RPID, PID.
inline constexpr std::size_t message_header_size = 40;

struct message
{
    psrp::destination destination = destination::server;
    message_type type{};
    base::uuid pool;                    ///< RPID
    std::optional<base::uuid> pipeline; ///< PID; nullopt: all zeros
    base::bytes data;                   ///< CLIXML in UTF-8, without a byte order mark; "" for END_OF_PIPELINE_INPUT
};

[[nodiscard]] base::bytes write_message(const message& m);
/// Takes the bytes over. A byte order mark before the data is dropped. The RPID may be all zeros, as PowerShell writes
/// it in messages of pipelines; a pipeline's message without PID is refused.
/// @errors protocol: cut, an unknown destination or type, one that does not go there
[[nodiscard]] result<message> read_message(base::bytes bytes);

/// GUIDs lie in messages as .NET keeps them: the first three fields little-endian.
void write_guid(const base::uuid& id, base::bytes& out);
/// Precondition: 16 octets.
[[nodiscard]] base::uuid read_guid(base::bytes_view octets) noexcept;

} // namespace winrm::psrp
