// A file of certificates to trust, as people have them: PEM, with or without a byte-order mark, or DER (Windows' .cer).
#pragma once

#include <winrm/result.h>

#include <string>

#include <openssl/ssl.h>

namespace winrm::net {

/// Trusts every certificate of the file, and obeys the revocation lists in it.
/// @param what  how a message names the file: "the file of certificate authorities ca.pem"
/// @errors tls: cannot be read; holds nothing to trust, and how to convert it
[[nodiscard]] result<void> trust_file(SSL_CTX* context, const std::string& path, const std::string& what);

} // namespace winrm::net
