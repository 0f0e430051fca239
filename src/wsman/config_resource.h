// winrm/config as a value: what `Get` on the configuration resource tells (MS-WSMV 2.2.4.6 ff.).
#pragma once

#include "wsman/message.h"

namespace winrm::wsman {

struct config_resource
{
    std::size_t max_envelope_size_kb = 500;
    std::uint32_t max_timeout_ms = 60000;
    std::uint32_t max_batch_items = 32000;
    bool allow_unencrypted = false, auth_basic = false, auth_kerberos = false, auth_negotiate = false,
         auth_certificate = false;
    std::uint32_t max_concurrent_operations_per_user = 1500, enumeration_timeout_ms = 240000, max_connections = 300,
                  max_packet_retrieval_time_s = 120;
    std::uint64_t idle_timeout_ms = 7200000;
    std::uint32_t max_concurrent_users = 10, max_shell_run_time_ms = 2147483647, max_processes_per_shell = 25,
                  max_memory_per_shell_mb = 1024, max_shells_per_user = 30;
    std::uint16_t http_port = 5985, https_port = 5986;
};
/// cfg:Config, settings in the order Windows has them (MS-WSMV 2.2.4.10); those that mean nothing here are left out.
void write_config(xml::writer& w, const config_resource& c);
/// MaxEnvelopeSizekb is the one thing a client wants. @errors protocol
[[nodiscard]] result<config_resource> read_config(const xml::element* payload);

} // namespace winrm::wsman
