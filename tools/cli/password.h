// Where the password comes from: file, descriptor, command, environment or a prompt; never the command line.
#pragma once

#include "cli/bounded_wait.h"
#include "cli/settings.h"

#include "base/secret.h"

namespace winrm::cli {

/// Order: the command line's source, WINRM_PASSWORD, the configuration's source, a prompt on the terminal.
/// WINRM_PASSWORD is taken out of the environment, so that children do not inherit it.
/// @param limit   until when it is waited for
/// @param caught  the signal that ended the waiting, else left alone; the terminal and the command are in order again
/// @errors no_credentials: says which source failed and why; timeout; cancelled: by a signal
[[nodiscard]] result<base::secret> find_password(const options& o, const settings& s, deadline limit, int& caught);

/// First line of a file that only its owner can read.  @errors as above
[[nodiscard]] result<base::secret> password_from_file(const std::string& path, bounded_wait& wait);

} // namespace winrm::cli
