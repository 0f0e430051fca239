// Would the fronts be able to use this certificate and key? Asked before they are given them.
#pragma once

#include "base/secret.h"

#include <string>

namespace winrm::service::monitor {

/// "" = good. Otherwise one sentence that names no content: not PEM, needs a passphrase, key of another certificate.
[[nodiscard]] std::string certificate_problem(const std::string& certificate_pem, const base::secret& key_pem);

} // namespace winrm::service::monitor
