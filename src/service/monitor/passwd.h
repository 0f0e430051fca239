// `winrmd passwd`: an account's line in the files that passwords are checked by.
#pragma once

#include "service/monitor/options.h"

namespace winrm::service::monitor {

/// @return exit status
[[nodiscard]] int run_passwd(const options& o);

} // namespace winrm::service::monitor
