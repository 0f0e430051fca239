#include "wsman/config_resource.h"

#include "base/text.h"
#include "soap/namespaces.h"
#include "wsman/envelope_parts.h"

#include <limits>
#include <type_traits>

namespace winrm::wsman {
namespace {

void number(xml::writer& w, base::bytes_view qname, std::uint64_t value) { w.leaf(qname, std::to_string(value)); }
void boolean(xml::writer& w, base::bytes_view qname, bool value) { w.leaf(qname, value ? "true" : "false"); }

void write_service(xml::writer& w, const config_resource& c)
{
    w.open("cfg:Service");
    number(w, "cfg:MaxConcurrentOperationsPerUser", c.max_concurrent_operations_per_user);
    number(w, "cfg:EnumerationTimeoutms", c.enumeration_timeout_ms);
    number(w, "cfg:MaxConnections", c.max_connections);
    number(w, "cfg:MaxPacketRetrievalTimeSeconds", c.max_packet_retrieval_time_s);
    boolean(w, "cfg:AllowUnencrypted", c.allow_unencrypted);
    w.open("cfg:Auth");
    boolean(w, "cfg:Basic", c.auth_basic);
    boolean(w, "cfg:Kerberos", c.auth_kerberos);
    boolean(w, "cfg:Negotiate", c.auth_negotiate);
    boolean(w, "cfg:Certificate", c.auth_certificate);
    boolean(w, "cfg:CredSSP", false);
    w.close();
    w.open("cfg:DefaultPorts");
    number(w, "cfg:HTTP", c.http_port);
    number(w, "cfg:HTTPS", c.https_port);
    w.close();
    boolean(w, "cfg:AllowRemoteAccess", true);
    w.close();
}

void write_winrs(xml::writer& w, const config_resource& c)
{
    w.open("cfg:Winrs");
    boolean(w, "cfg:AllowRemoteShellAccess", true);
    number(w, "cfg:IdleTimeout", c.idle_timeout_ms);
    number(w, "cfg:MaxConcurrentUsers", c.max_concurrent_users);
    number(w, "cfg:MaxShellRunTime", c.max_shell_run_time_ms);
    number(w, "cfg:MaxProcessesPerShell", c.max_processes_per_shell);
    number(w, "cfg:MaxMemoryPerShellMB", c.max_memory_per_shell_mb);
    number(w, "cfg:MaxShellsPerUser", c.max_shells_per_user);
    w.close();
}

// Absent or unusable values keep the default: hosts leave settings out that they do not have.
template <class T> void read_number(const xml::element* parent, base::bytes_view local, T& to)
{
    const xml::element* e = parent == nullptr ? nullptr : parent->child(soap::ns::cfg, local);
    if (e == nullptr) return;
    const auto value = base::parse_unsigned(e->trimmed());
    if (value && *value <= std::numeric_limits<T>::max()) to = static_cast<T>(*value);
}

void read_boolean(const xml::element* parent, base::bytes_view local, bool& to)
{
    const xml::element* e = parent == nullptr ? nullptr : parent->child(soap::ns::cfg, local);
    if (e != nullptr) to = base::parse_bool(e->text()).value_or(to);
}

const xml::element* part(const xml::element* parent, base::bytes_view local)
{
    return parent == nullptr ? nullptr : parent->child(soap::ns::cfg, local);
}

} // namespace

// What only Windows has (security descriptors, compatibility listeners, its own client's settings) is left out.
void write_config(xml::writer& w, const config_resource& c)
{
    w.open("cfg:Config");
    declare(w, "cfg");
    number(w, "cfg:MaxEnvelopeSizekb", c.max_envelope_size_kb);
    number(w, "cfg:MaxTimeoutms", c.max_timeout_ms);
    number(w, "cfg:MaxBatchItems", c.max_batch_items);
    write_service(w, c);
    write_winrs(w, c);
    w.close();
}

result<config_resource> read_config(const xml::element* payload)
{
    if (payload == nullptr || !payload->is(soap::ns::cfg, "Config")) {
        return error{errc::protocol, "the answer is no WinRM configuration"};
    }
    config_resource c;
    read_number(payload, "MaxEnvelopeSizekb", c.max_envelope_size_kb);
    read_number(payload, "MaxTimeoutms", c.max_timeout_ms);
    read_number(payload, "MaxBatchItems", c.max_batch_items);
    const xml::element* service = part(payload, "Service");
    read_number(service, "MaxConcurrentOperationsPerUser", c.max_concurrent_operations_per_user);
    read_number(service, "EnumerationTimeoutms", c.enumeration_timeout_ms);
    read_number(service, "MaxConnections", c.max_connections);
    read_number(service, "MaxPacketRetrievalTimeSeconds", c.max_packet_retrieval_time_s);
    read_boolean(service, "AllowUnencrypted", c.allow_unencrypted);
    const xml::element* auth = part(service, "Auth");
    read_boolean(auth, "Basic", c.auth_basic);
    read_boolean(auth, "Kerberos", c.auth_kerberos);
    read_boolean(auth, "Negotiate", c.auth_negotiate);
    read_boolean(auth, "Certificate", c.auth_certificate);
    const xml::element* ports = part(service, "DefaultPorts");
    read_number(ports, "HTTP", c.http_port);
    read_number(ports, "HTTPS", c.https_port);
    const xml::element* winrs = part(payload, "Winrs");
    read_number(winrs, "IdleTimeout", c.idle_timeout_ms);
    read_number(winrs, "MaxConcurrentUsers", c.max_concurrent_users);
    read_number(winrs, "MaxShellRunTime", c.max_shell_run_time_ms);
    read_number(winrs, "MaxProcessesPerShell", c.max_processes_per_shell);
    read_number(winrs, "MaxMemoryPerShellMB", c.max_memory_per_shell_mb);
    read_number(winrs, "MaxShellsPerUser", c.max_shells_per_user);
    return c;
}

} // namespace winrm::wsman
