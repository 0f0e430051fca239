// Throw-away authority and server certificate for a test service. Nothing of it is written anywhere but ca_pem.
#pragma once

#include "base/secret.h"

#include <winrm/result.h>

#include <string>

namespace winrm::service::monitor {

struct test_certificate
{
    std::string ca_pem;          ///< what a client must trust
    std::string certificate_pem; ///< server's, for localhost, 127.0.0.1 and ::1
    base::secret key_pem;        ///< server's; the authority's key is not kept
};

/// EC P-256, valid from an hour ago for a week.  @errors internal: OpenSSL refuses.
[[nodiscard]] result<test_certificate> make_test_certificate();
/// Random, printable: `bytes` of randomness in hexadecimal.
[[nodiscard]] result<base::secret> random_password(std::size_t bytes);

} // namespace winrm::service::monitor
