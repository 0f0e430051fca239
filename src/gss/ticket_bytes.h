// A forwarded ticket as the bytes of a cache file, so that the process that keeps it needs no Kerberos library.
#pragma once

#include "base/secret.h"
#include "gss/library.h"

namespace winrm::gss {

/// Version 4 of MIT's file format: owner, then the tickets. Empty: the library could not.
[[nodiscard]] base::secret ticket_bytes(const library& gss, krb5_context krb5, gss_cred_id_t credential);

} // namespace winrm::gss
