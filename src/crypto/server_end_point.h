// The name of a TLS channel by its server's certificate (RFC 5929 4.1): what a login over it is bound to.
#pragma once

#include "base/bytes.h"

namespace winrm::crypto {

/// "tls-server-end-point:" and the hash of the certificate, by its signature's digest, SHA-256 for MD5, SHA-1 and those
/// that have none of their own; "" if it is no certificate.
[[nodiscard]] base::bytes server_end_point(base::bytes_view der);

} // namespace winrm::crypto
