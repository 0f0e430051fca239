// Would the fronts be able to use this certificate and key? Asked before they are given them.
#pragma once

#include "base/secret.h"

#include <ctime>
#include <string>

namespace winrm::service::monitor {

/// "" = good. Otherwise one sentence that names no content: not PEM, needs a passphrase, key of another certificate,
/// expired (since when). What is wrong with the key begins with "key".
[[nodiscard]] std::string certificate_problem(const std::string& certificate_pem, const base::secret& key_pem,
                                              std::time_t now);

} // namespace winrm::service::monitor
