// Where the password comes from: file, descriptor, command, environment or a prompt; never the command line.
#pragma once

#include "winrm/settings.h"

#include "base/secret.h"

namespace winrm::cli {

/// Order: the command line's source, WINRM_PASSWORD, the configuration's source, a prompt on the terminal.
/// WINRM_PASSWORD is taken out of the environment, so that children do not inherit it.
/// @errors no_credentials: says which source failed and why
[[nodiscard]] result<base::secret> find_password(const options& o, const settings& s);

/// First line of a file that only its owner can read.  @errors no_credentials
[[nodiscard]] result<base::secret> password_from_file(const std::string& path);

} // namespace winrm::cli
