#include "psrp/content.h"

#include "clixml/writer.h"

#include <type_traits>

namespace winrm::psrp {
namespace {

template <class T> result<message_content> as(const clixml::value& v)
{
    auto got = T::from_value(v);
    if (!got) return got.error();
    return message_content{std::move(*got)};
}

result<message_content> informational(const clixml::value& v, informational_kind kind)
{
    auto got = informational_record::from_value(v, kind);
    if (!got) return got.error();
    return message_content{std::move(*got)};
}

} // namespace

result<message_content> read_content(message_type type, const clixml::value& v)
{
    switch (type) {
    case message_type::session_capability: return as<session_capability>(v);
    case message_type::init_runspacepool: return as<init_runspacepool>(v);
    case message_type::public_key: return as<public_key>(v);
    case message_type::encrypted_session_key: return as<encrypted_session_key>(v);
    case message_type::public_key_request: return as<public_key_request>(v);
    case message_type::connect_runspacepool: return as<connect_runspacepool>(v);
    case message_type::runspacepool_init_data: return as<runspacepool_init_data>(v);
    case message_type::reset_runspace_state: return as<reset_runspace_state>(v);
    case message_type::set_max_runspaces: return as<set_max_runspaces>(v);
    case message_type::set_min_runspaces: return as<set_min_runspaces>(v);
    case message_type::runspace_availability: return as<runspace_availability>(v);
    case message_type::runspacepool_state: return as<runspacepool_state_message>(v);
    case message_type::create_pipeline: return as<pipeline>(v);
    case message_type::get_available_runspaces: return as<get_available_runspaces>(v);
    case message_type::user_event: return as<user_event>(v);
    case message_type::application_private_data: return as<application_private_data>(v);
    case message_type::get_command_metadata: return as<get_command_metadata>(v);
    case message_type::runspacepool_host_call:
    case message_type::pipeline_host_call: return as<host_call>(v);
    case message_type::runspacepool_host_response:
    case message_type::pipeline_host_response: return as<host_response>(v);
    case message_type::pipeline_input: return message_content{pipeline_input_object{v}};
    case message_type::end_of_pipeline_input: return message_content{end_of_pipeline_input{}};
    case message_type::pipeline_output: return message_content{pipeline_output_object{v}};
    case message_type::error_record: return as<error_record>(v);
    case message_type::pipeline_state: return as<pipeline_state_message>(v);
    case message_type::debug_record: return informational(v, informational_kind::debug);
    case message_type::verbose_record: return informational(v, informational_kind::verbose);
    case message_type::warning_record: return informational(v, informational_kind::warning);
    case message_type::progress_record: return as<progress_record>(v);
    case message_type::information_record: return as<information_record>(v);
    }
    return error{errc::protocol, "a PSRP message has an unknown type"};
}

result<message_content> read_content(const message& m, const clixml::limits& bounds)
{
    if (m.type == message_type::end_of_pipeline_input) return message_content{end_of_pipeline_input{}};
    auto v = clixml::read(m.data, bounds);
    if (!v) return v.error();
    return read_content(m.type, *v);
}

std::optional<clixml::value> to_value(const message_content& c)
{
    return std::visit(
        [](const auto& one) -> std::optional<clixml::value> {
            using type = std::decay_t<decltype(one)>;
            if constexpr (std::is_same_v<type, end_of_pipeline_input>) return std::nullopt;
            else if constexpr (std::is_same_v<type, pipeline_input_object> ||
                               std::is_same_v<type, pipeline_output_object>)
                return one.value;
            else return one.to_value();
        },
        c);
}

base::bytes write_content(const message_content& c)
{
    const auto v = to_value(c);
    return v ? clixml::write(*v) : base::bytes{};
}

} // namespace winrm::psrp
