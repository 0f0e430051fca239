// The peer of a TCP connection, as text.
#pragma once

#include <string>

namespace winrm::service::front {

/// Numeric address without port; an IPv4 address mapped into IPv6 is shown as IPv4. "unknown" if the kernel
/// gives none.
[[nodiscard]] std::string peer_address(int socket);

} // namespace winrm::service::front
