// winrmd --test-server: everything a client project needs to test against, and nothing left afterwards.
#pragma once

#include "service/monitor/options.h"

namespace winrm::service::monitor {

/// Prints one line of JSON when connections are accepted: url, user, password, ca (PEM file, "" with http), pid.
[[nodiscard]] int run_test_service(const options& o);

} // namespace winrm::service::monitor
