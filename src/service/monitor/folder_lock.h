// A folder is locked while its maker lives, so that folders left by a killed process can be recognised.
#pragma once

#include "io/unique_fd.h"

#include <string>

namespace winrm::service::monitor {

/// Opens without following a link, and locks until the descriptor is closed. Empty: missing, not owned by us, or in
/// use.
[[nodiscard]] io::unique_fd lock_folder(const std::string& path);
/// Makes it (mode 0755) and locks it. Empty: it is there already, or cannot be made.
[[nodiscard]] io::unique_fd make_locked_folder(const std::string& path);

} // namespace winrm::service::monitor
