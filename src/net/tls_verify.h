// Is this certificate the host's? OpenSSL decides (RFC 5280, RFC 6125); here its verdict becomes a sentence.
#pragma once

#include "base/bytes.h"

#include <winrm/error.h>

#include <optional>
#include <string>

#include <openssl/ssl.h>

namespace winrm::net {

/// What the verification disliked first.
struct certificate_verdict
{
    int code = 0;                                              ///< X509_V_ERR_…
    std::string subject, issuer, names, not_before, not_after; ///< the certificate's own words
};

/// Without brackets and zone: is it an address rather than a name?
[[nodiscard]] bool is_address(const std::string& host);
/// Makes `ssl` (client) verify the peer against `host` and report into `verdict`, which must outlive it.
/// @return false when the name is no name a certificate could hold.
[[nodiscard]] bool verify_host(SSL* ssl, const std::string& host, std::optional<certificate_verdict>& verdict);
/// errc::certificate, with cause and remedy; the certificate's words are the error's peer text.
[[nodiscard]] error to_error(const certificate_verdict& verdict, const std::string& host);

} // namespace winrm::net
