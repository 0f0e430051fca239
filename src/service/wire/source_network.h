// The source of a connection, as front and monitor count it.
#pragma once

#include <string>

namespace winrm::service::wire {

/// IPv6 is counted by /64, because one host has many addresses: "2001:db8:1:2:3::1" → "2001:db8:1:2::/64". Everything
/// else stays as it is.
[[nodiscard]] std::string source_network(const std::string& address);

} // namespace winrm::service::wire
