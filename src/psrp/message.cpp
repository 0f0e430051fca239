#include "psrp/message.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace winrm::psrp {
namespace {

using enum message_direction;

constexpr std::array<message_row, 31> rows{{
    {message_type::session_capability, "SESSION_CAPABILITY", both, message_target::pool},
    {message_type::init_runspacepool, "INIT_RUNSPACEPOOL", to_server, message_target::pool},
    {message_type::public_key, "PUBLIC_KEY", to_server, message_target::pool},
    {message_type::encrypted_session_key, "ENCRYPTED_SESSION_KEY", to_client, message_target::pool},
    {message_type::public_key_request, "PUBLIC_KEY_REQUEST", to_client, message_target::pool},
    {message_type::connect_runspacepool, "CONNECT_RUNSPACEPOOL", to_server, message_target::pool},
    {message_type::set_max_runspaces, "SET_MAX_RUNSPACES", to_server, message_target::pool},
    {message_type::set_min_runspaces, "SET_MIN_RUNSPACES", to_server, message_target::pool},
    {message_type::runspace_availability, "RUNSPACE_AVAILABILITY", to_client, message_target::pool},
    {message_type::runspacepool_state, "RUNSPACEPOOL_STATE", to_client, message_target::pool},
    {message_type::create_pipeline, "CREATE_PIPELINE", to_server, message_target::pipeline},
    {message_type::get_available_runspaces, "GET_AVAILABLE_RUNSPACES", to_server, message_target::pool},
    {message_type::user_event, "USER_EVENT", to_client, message_target::pool},
    {message_type::application_private_data, "APPLICATION_PRIVATE_DATA", to_client, message_target::pool},
    {message_type::get_command_metadata, "GET_COMMAND_METADATA", to_server, message_target::pipeline},
    {message_type::runspacepool_init_data, "RUNSPACEPOOL_INIT_DATA", to_client, message_target::pool},
    {message_type::reset_runspace_state, "RESET_RUNSPACE_STATE", to_server, message_target::pool},
    {message_type::runspacepool_host_call, "RUNSPACEPOOL_HOST_CALL", to_client, message_target::pool},
    {message_type::runspacepool_host_response, "RUNSPACEPOOL_HOST_RESPONSE", to_server, message_target::pool},
    {message_type::pipeline_input, "PIPELINE_INPUT", to_server, message_target::pipeline},
    {message_type::end_of_pipeline_input, "END_OF_PIPELINE_INPUT", to_server, message_target::pipeline},
    {message_type::pipeline_output, "PIPELINE_OUTPUT", to_client, message_target::pipeline},
    {message_type::error_record, "ERROR_RECORD", to_client, message_target::pipeline},
    {message_type::pipeline_state, "PIPELINE_STATE", to_client, message_target::pipeline},
    {message_type::debug_record, "DEBUG_RECORD", to_client, message_target::pipeline},
    {message_type::verbose_record, "VERBOSE_RECORD", to_client, message_target::pipeline},
    {message_type::warning_record, "WARNING_RECORD", to_client, message_target::pipeline},
    {message_type::progress_record, "PROGRESS_RECORD", to_client, message_target::pipeline},
    {message_type::information_record, "INFORMATION_RECORD", to_client, message_target::pipeline},
    {message_type::pipeline_host_call, "PIPELINE_HOST_CALL", to_client, message_target::pipeline},
    {message_type::pipeline_host_response, "PIPELINE_HOST_RESPONSE", to_server, message_target::pipeline},
}};

void put32(std::uint32_t value, base::bytes& out)
{
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFFU);
}

std::uint32_t get32(base::bytes_view bytes)
{
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
    return value;
}

// Where each octet of the text lies in a GUID as .NET writes it.
constexpr std::array<std::size_t, 16> place{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

bool goes_there(message_direction way, destination to)
{
    return way == both || (way == to_server) == (to == destination::server);
}

} // namespace

std::span<const message_row> message_rows() noexcept { return rows; }

const message_row* find_message_row(message_type type) noexcept
{
    const auto* row = std::find_if(rows.begin(), rows.end(), [type](const message_row& r) { return r.type == type; });
    return row == rows.end() ? nullptr : row;
}

base::bytes_view name(message_type type) noexcept
{
    const message_row* row = find_message_row(type);
    return row != nullptr ? row->name : base::bytes_view{};
}

void write_guid(const base::uuid& id, base::bytes& out)
{
    for (const std::size_t at : place) out += static_cast<char>(id.octets()[at]);
}

base::uuid read_guid(base::bytes_view octets) noexcept
{
    assert(octets.size() == 16);
    std::array<std::uint8_t, 16> ordered{};
    for (std::size_t i = 0; i < ordered.size(); ++i) ordered[place[i]] = static_cast<std::uint8_t>(octets[i]);
    return base::uuid::from_octets(ordered);
}

base::bytes write_message(const message& m)
{
    base::bytes out;
    out.reserve(message_header_size + m.data.size());
    put32(static_cast<std::uint32_t>(m.destination), out);
    put32(static_cast<std::uint32_t>(m.type), out);
    write_guid(m.pool, out);
    write_guid(m.pipeline.value_or(base::uuid{}), out);
    out += m.data;
    return out;
}

result<message> read_message(base::bytes bytes)
{
    if (bytes.size() < message_header_size) return error{errc::protocol, "a PSRP message is shorter than its header"};
    message m;
    const base::bytes_view view{bytes};
    const std::uint32_t to = get32(view);
    if (to != 1 && to != 2) return error{errc::protocol, "a PSRP message has an unknown destination"};
    m.destination = static_cast<destination>(to);
    m.type = static_cast<message_type>(get32(view.substr(4)));
    const message_row* row = find_message_row(m.type);
    if (row == nullptr) return error{errc::protocol, "a PSRP message has an unknown type"};
    if (!goes_there(row->direction, m.destination))
        return error{errc::protocol, "a PSRP message of the type " + std::string{row->name} + " goes the wrong way"};
    m.pool = read_guid(view.substr(8, 16));
    if (const base::uuid id = read_guid(view.substr(24, 16)); id != base::uuid{}) m.pipeline = id;
    // MS-PSRP 3.1.5.4.21: a client ignores PIPELINE_STATE of a pool, so that one may be without PID.
    if (row->target == message_target::pipeline && !m.pipeline && m.type != message_type::pipeline_state)
        return error{errc::protocol, "a PSRP message of the type " + std::string{row->name} + " names no pipeline"};
    constexpr base::bytes_view mark = "\xEF\xBB\xBF";
    const bool marked = view.substr(message_header_size, mark.size()) == mark;
    bytes.erase(0, message_header_size + (marked ? mark.size() : 0));
    m.data = std::move(bytes);
    return m;
}

} // namespace winrm::psrp
