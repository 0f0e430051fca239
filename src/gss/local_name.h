// Which account of this host a principal of Kerberos is.
#pragma once

#include <string>

namespace winrm::gss {

/// "" = none. By auth_to_local of krb5.conf and by localauth plugins (SSSD's, winbind's); where neither says anything,
/// the first part of "ada@REALM" in the default realm. Reads the configuration and loads plugins, which may ask other
/// processes and block: for a child made for it, outside any sandbox.
/// @param principal  as kerberos_facts has it, at most 1024 bytes
[[nodiscard]] std::string local_name(const std::string& principal);

} // namespace winrm::gss
