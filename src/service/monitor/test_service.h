// winrmd --test-server: a service for the tests of clients, which leaves nothing behind.
#pragma once

#include "service/monitor/options.h"

namespace winrm::service::monitor {

/// Prints one line of JSON when connections are accepted: url, user, password, ca (PEM file, "" with http), schemes,
/// pid.
[[nodiscard]] int run_test_service(const options& o);

} // namespace winrm::service::monitor
