#include "psrp/pool_messages.h"

#include "psrp/fields.h"

namespace winrm::psrp {
namespace {

using detail::bad_field;
using detail::maybe;
using detail::need;
using detail::or_null;

std::optional<std::string> version_of(const clixml::value& v, std::string_view name)
{
    const clixml::value* found = v.find(name);
    if (found == nullptr) return std::nullopt;
    if (auto version = found->as<clixml::version>()) return std::move(version->words);
    return found->as<std::string>();
}

std::optional<error> read_error(const clixml::value& v, std::optional<error_record>& to)
{
    const clixml::value* found = v.find("ExceptionAsErrorRecord");
    if (found == nullptr || found->is_null()) return std::nullopt;
    auto record = error_record::from_value(*found);
    if (!record) return record.error();
    to = std::move(*record);
    return std::nullopt;
}

clixml::value call_only(std::int64_t call) { return clixml::value{clixml::object{}.with("ci", call)}; }

clixml::value state_value(std::string_view name, std::int32_t state, const std::optional<error_record>& e)
{
    clixml::object made;
    made.with(name, state);
    if (e) made.with("ExceptionAsErrorRecord", e->to_value());
    return clixml::value{std::move(made)};
}

} // namespace

clixml::value session_capability::to_value() const
{
    clixml::object made;
    made.with("protocolversion", clixml::version{protocol_version})
        .with("PSVersion", clixml::version{ps_version})
        .with("SerializationVersion", clixml::version{serialization_version});
    if (time_zone) made.with("TimeZone", *time_zone);
    return clixml::value{std::move(made)};
}

result<session_capability> session_capability::from_value(const clixml::value& v)
{
    session_capability made;
    auto protocol = version_of(v, "protocolversion");
    if (!protocol) return bad_field("protocolversion");
    auto shell = version_of(v, "PSVersion");
    if (!shell) return bad_field("PSVersion");
    auto serialization = version_of(v, "SerializationVersion");
    if (!serialization) return bad_field("SerializationVersion");
    made.protocol_version = std::move(*protocol);
    made.ps_version = std::move(*shell);
    made.serialization_version = std::move(*serialization);
    if (const clixml::value* zone = v.find("TimeZone"); zone != nullptr) made.time_zone = *zone;
    return made;
}

clixml::value init_runspacepool::to_value() const
{
    constexpr std::string_view options[] = {"Default", "UseNewThread", "ReuseThread", "UseCurrentThread"};
    constexpr std::string_view apartments[] = {"STA", "MTA", "Unknown"};
    return clixml::value{
        clixml::object{}
            .with("MinRunspaces", min_runspaces)
            .with("MaxRunspaces", max_runspaces)
            .with("PSThreadOptions", detail::enumeration("System.Management.Automation.Runspaces.PSThreadOptions",
                                                         options[static_cast<std::size_t>(threads) % 4], threads))
            .with("ApartmentState", detail::enumeration("System.Management.Automation.Runspaces.ApartmentState",
                                                        apartments[static_cast<std::size_t>(apartment) % 3], apartment))
            .with("HostInfo", host.to_value())
            .with("ApplicationArguments", application_arguments)};
}

result<init_runspacepool> init_runspacepool::from_value(const clixml::value& v)
{
    init_runspacepool made;
    if (auto wrong = need(v, "MinRunspaces", made.min_runspaces)) return *wrong;
    if (auto wrong = need(v, "MaxRunspaces", made.max_runspaces)) return *wrong;
    if (auto wrong = need(v, "PSThreadOptions", made.threads)) return *wrong;
    if (auto wrong = need(v, "ApartmentState", made.apartment)) return *wrong;
    auto host = host_info::from_value(v["HostInfo"]);
    if (!host) return host.error();
    made.host = std::move(*host);
    made.application_arguments = v["ApplicationArguments"];
    return made;
}

clixml::value public_key::to_value() const { return clixml::value{clixml::object{}.with("PublicKey", key)}; }
result<public_key> public_key::from_value(const clixml::value& v)
{
    public_key made;
    if (auto wrong = need(v, "PublicKey", made.key)) return *wrong;
    return made;
}

clixml::value encrypted_session_key::to_value() const
{
    return clixml::value{clixml::object{}.with("EncryptedSessionKey", key)};
}
result<encrypted_session_key> encrypted_session_key::from_value(const clixml::value& v)
{
    encrypted_session_key made;
    if (auto wrong = need(v, "EncryptedSessionKey", made.key)) return *wrong;
    return made;
}

clixml::value public_key_request::to_value() const { return clixml::value{""}; }
result<public_key_request> public_key_request::from_value(const clixml::value&) { return public_key_request{}; }

clixml::value set_max_runspaces::to_value() const
{
    return clixml::value{clixml::object{}.with("MaxRunspaces", max_runspaces).with("ci", call)};
}
result<set_max_runspaces> set_max_runspaces::from_value(const clixml::value& v)
{
    set_max_runspaces made;
    if (auto wrong = need(v, "ci", made.call)) return *wrong;
    if (auto wrong = need(v, "MaxRunspaces", made.max_runspaces)) return *wrong;
    return made;
}

clixml::value set_min_runspaces::to_value() const
{
    return clixml::value{clixml::object{}.with("MinRunspaces", min_runspaces).with("ci", call)};
}
result<set_min_runspaces> set_min_runspaces::from_value(const clixml::value& v)
{
    set_min_runspaces made;
    if (auto wrong = need(v, "ci", made.call)) return *wrong;
    if (auto wrong = need(v, "MinRunspaces", made.min_runspaces)) return *wrong;
    return made;
}

clixml::value get_available_runspaces::to_value() const { return call_only(call); }
result<get_available_runspaces> get_available_runspaces::from_value(const clixml::value& v)
{
    get_available_runspaces made;
    if (auto wrong = need(v, "ci", made.call)) return *wrong;
    return made;
}

clixml::value reset_runspace_state::to_value() const { return call_only(call); }
result<reset_runspace_state> reset_runspace_state::from_value(const clixml::value& v)
{
    reset_runspace_state made;
    if (auto wrong = need(v, "ci", made.call)) return *wrong;
    return made;
}

clixml::value runspace_availability::to_value() const
{
    const clixml::value said = std::visit([](auto a) { return clixml::value{a}; }, answer);
    return clixml::value{clixml::object{}.with("SetMinMaxRunspacesResponse", said).with("ci", call)};
}
result<runspace_availability> runspace_availability::from_value(const clixml::value& v)
{
    runspace_availability made;
    if (auto wrong = need(v, "ci", made.call)) return *wrong;
    constexpr std::string_view name = "SetMinMaxRunspacesResponse";
    if (auto done = maybe<bool>(v, name)) made.answer = *done;
    else if (auto count = maybe<std::int64_t>(v, name)) made.answer = *count;
    else return bad_field(name);
    return made;
}

clixml::value runspacepool_state_message::to_value() const
{
    return state_value("RunspaceState", static_cast<std::int32_t>(state), error);
}
result<runspacepool_state_message> runspacepool_state_message::from_value(const clixml::value& v)
{
    runspacepool_state_message made;
    if (auto wrong = need(v, "RunspaceState", made.state)) return *wrong;
    if (made.state < runspacepool_state::before_open || made.state > runspacepool_state::disconnected)
        return bad_field("RunspaceState");
    if (auto wrong = read_error(v, made.error)) return *wrong;
    return made;
}

clixml::value pipeline_state_message::to_value() const
{
    return state_value("PipelineState", static_cast<std::int32_t>(state), error);
}
result<pipeline_state_message> pipeline_state_message::from_value(const clixml::value& v)
{
    pipeline_state_message made;
    if (auto wrong = need(v, "PipelineState", made.state)) return *wrong;
    if (made.state < invocation_state::not_started || made.state > invocation_state::disconnected)
        return bad_field("PipelineState");
    if (auto wrong = read_error(v, made.error)) return *wrong;
    return made;
}

clixml::value user_event::to_value() const
{
    return clixml::value{clixml::object{}
                             .with("PSEventArgs.EventIdentifier", event_id)
                             .with("PSEventArgs.SourceIdentifier", source_id)
                             .with("PSEventArgs.TimeGenerated", time_generated)
                             .with("PSEventArgs.Sender", sender)
                             .with("PSEventArgs.SourceArgs", source_arguments)
                             .with("PSEventArgs.MessageData", message_data)
                             .with("PSEventArgs.ComputerName", or_null(computer))
                             .with("PSEventArgs.RunspaceId", runspace_id)};
}
result<user_event> user_event::from_value(const clixml::value& v)
{
    user_event made;
    if (auto wrong = need(v, "PSEventArgs.EventIdentifier", made.event_id)) return *wrong;
    if (auto wrong = need(v, "PSEventArgs.SourceIdentifier", made.source_id)) return *wrong;
    made.time_generated = v["PSEventArgs.TimeGenerated"];
    made.sender = v["PSEventArgs.Sender"];
    made.source_arguments = v["PSEventArgs.SourceArgs"];
    made.message_data = v["PSEventArgs.MessageData"];
    made.computer = maybe<std::string>(v, "PSEventArgs.ComputerName");
    made.runspace_id = v["PSEventArgs.RunspaceId"];
    return made;
}

clixml::value application_private_data::to_value() const
{
    return clixml::value{clixml::object{}.with("ApplicationPrivateData", data)};
}
result<application_private_data> application_private_data::from_value(const clixml::value& v)
{
    const clixml::value* found = v.find("ApplicationPrivateData");
    if (found == nullptr) return bad_field("ApplicationPrivateData");
    return application_private_data{*found};
}

clixml::value connect_runspacepool::to_value() const
{
    if (!min_runspaces && !max_runspaces) return clixml::value{""};
    clixml::object made;
    if (min_runspaces) made.with("MinRunspaces", *min_runspaces);
    if (max_runspaces) made.with("MaxRunspaces", *max_runspaces);
    return clixml::value{std::move(made)};
}
result<connect_runspacepool> connect_runspacepool::from_value(const clixml::value& v)
{
    return connect_runspacepool{maybe<std::int32_t>(v, "MinRunspaces"), maybe<std::int32_t>(v, "MaxRunspaces")};
}

clixml::value runspacepool_init_data::to_value() const
{
    return clixml::value{clixml::object{}.with("MinRunspaces", min_runspaces).with("MaxRunspaces", max_runspaces)};
}
result<runspacepool_init_data> runspacepool_init_data::from_value(const clixml::value& v)
{
    runspacepool_init_data made;
    if (auto wrong = need(v, "MinRunspaces", made.min_runspaces)) return *wrong;
    if (auto wrong = need(v, "MaxRunspaces", made.max_runspaces)) return *wrong;
    return made;
}

} // namespace winrm::psrp
