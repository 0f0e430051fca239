// Checks that fronts can use a certificate and key, before they are given them.
#pragma once

#include "base/secret.h"

#include <ctime>
#include <string>

namespace winrm::service::monitor {

/// "" = usable. Otherwise one sentence that quotes no content: not PEM, needs a passphrase, key of another certificate,
/// expired (since when). A problem of the key begins with "key".
[[nodiscard]] std::string certificate_problem(const std::string& certificate_pem, const base::secret& key_pem,
                                              std::time_t now);

} // namespace winrm::service::monitor
