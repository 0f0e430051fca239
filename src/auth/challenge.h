// The schemes a host offers in WWW-Authenticate (one line each, or joined by commas).
#pragma once

#include "base/bytes.h"

#include <string>
#include <vector>

namespace winrm::auth {

/// Scheme names in the order offered, each once, spelt as usual ("Negotiate", "Kerberos", "Basic", "CredSSP", "NTLM",
/// others as sent). Fields = values of all WWW-Authenticate lines.
[[nodiscard]] std::vector<std::string> offered_schemes(const std::vector<std::string>& fields);

} // namespace winrm::auth
