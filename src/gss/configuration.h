// Which files the Kerberos library reads: a process that shuts itself in must leave it these.
#pragma once

#include <string>
#include <vector>

namespace winrm::gss {

/// Configuration files and the folders and files that they include, as far as they are there; of KRB5_CONFIG, else
/// krb5.conf where Debian's library has it. At most 64.
[[nodiscard]] std::vector<std::string> configuration_files();

} // namespace winrm::gss
