// What the Kerberos of this machine has for its user, without a login: asks no KDC.
#pragma once

#include <string>

namespace winrm::gss {

/// Whose cache this is, "ada@CORP.EXAMPLE", if it holds a ticket-granting ticket of that realm which has not expired.
/// Reads a file, or asks the keeper of the cache on this machine (KCM, kernel).
/// @param cache  "FILE:…", "KCM:…"; "": the one of the environment, the primary one of a collection
/// @return "": no library, no such cache, or no ticket in it that serves
[[nodiscard]] std::string ticket_holder(const std::string& cache);

/// Realm of names that have none: default_realm of krb5.conf. With dns_lookup_realm there, and no default_realm, the
/// library asks the name servers and may block.
/// @return "": no library, or no such realm
[[nodiscard]] std::string default_realm();

} // namespace winrm::gss
