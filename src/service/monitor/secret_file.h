// A file of secrets is replaced as a whole: readers see the old one or the new one, and a crash loses neither.
#pragma once

#include "base/secret.h"

#include <winrm/result.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace winrm::service::monitor {

/// Reads the file by the rules of read_trusted_file ("" where there is none yet), and puts what `change` makes of it in
/// its place, mode 0600, its owner kept. Two at a time wait for each other. A symbolic link stays one.
/// @param change  nullopt from it: nothing is written, and `false` comes back
/// @errors bad_config: what read_trusted_file says of the file or its folder, or it cannot be written
[[nodiscard]] result<bool>
change_secret_file(const std::string& path, std::size_t most,
                   const std::function<std::optional<base::secret>(std::string_view)>& change);

} // namespace winrm::service::monitor
