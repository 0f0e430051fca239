// The name of our TLS channel (RFC 5929): what a client's login is bound to.
#pragma once

#include <string>

namespace winrm::service::monitor {

/// "tls-server-end-point:" and the hash of the certificate, by its signature's digest, SHA-256 for MD5, SHA-1 and those
/// with none of their own (RFC 5929 4.1); "" if there is no certificate.
/// @param pem  the service's own certificate comes first
[[nodiscard]] std::string server_end_point(const std::string& pem);

} // namespace winrm::service::monitor
