// Bound and listening sockets, made while the process may still use low ports.
#pragma once

#include "io/unique_fd.h"
#include "service/monitor/settings.h"

#include <winrm/result.h>

#include <vector>

namespace winrm::service::monitor {

struct listening_socket
{
    io::unique_fd fd;
    std::string shown;      ///< "127.0.0.1:5986", "[::1]:5986"
    std::uint16_t port = 0; ///< the actual one, also if 0 was requested
    bool tls = true;
};

/// @param shared  SO_REUSEPORT, for several fronts on one port.
/// @errors bad_config: the address is not ours, the port is taken or not permitted.
[[nodiscard]] result<listening_socket> listen_on(const listen_address& where, bool shared);
/// 127.0.0.0/8 and ::1.
[[nodiscard]] bool is_loopback(const std::string& address);
/// "127.0.0.1:0", "[::1]:5986".  @errors bad_argument
[[nodiscard]] result<listen_address> parse_listen(const std::string& text);

} // namespace winrm::service::monitor
