// What --check advises beside what is wrong: libraries and accounts that the settings want, and that are not here.
#pragma once

#include "service/monitor/settings.h"

#include <string>
#include <vector>

namespace winrm::service::monitor {

/// One sentence each. Loads libraries for a moment: for a program that ends soon, not for the service.
[[nodiscard]] std::vector<std::string> missing_libraries(const auth_settings& auth);

} // namespace winrm::service::monitor
