// The name of our TLS channel: what a client's login is bound to.
#pragma once

#include <string>

namespace winrm::service::monitor {

/// crypto::server_end_point() of the first certificate; "" if there is none.
/// @param pem  the service's own certificate comes first
[[nodiscard]] std::string end_point_of(const std::string& pem);

} // namespace winrm::service::monitor
