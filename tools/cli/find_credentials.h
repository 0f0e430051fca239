// What a login is made with: a keytab, a password, or the ticket cache.
#pragma once

#include "cli/password.h"
#include "cli/prospects.h"

#include <winrm/credentials.h>

namespace winrm::cli {

/// Is this a login by Kerberos, alone or in Negotiate?
[[nodiscard]] bool may_use_kerberos(const settings& s) noexcept;

/// A keytab, or a password whose source is named; else, where Kerberos may be used, the ticket cache if it has a ticket
/// of that user (of anybody, if none is given); else the password is asked for. The Kerberos library is opened only to
/// look for a ticket.
/// @param limit, caught  as find_password()
/// @errors no_credentials: what is missing and how to get it; bad_argument: a keytab that cannot be read; timeout;
/// cancelled
[[nodiscard]] result<credentials> find_credentials(const options& o, const settings& s, deadline limit, int& caught);

/// The same for judge(): nothing is asked for, and no password read.
/// @param tls  how the host was reached
[[nodiscard]] login_means means_of(const options& o, const settings& s, bool tls);

} // namespace winrm::cli
