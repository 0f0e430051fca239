// Structured lines on standard error (key=value, escaped), by spdlog. journald adds the rest.
#pragma once

#include "base/log_sink.h"

#include <memory>

namespace winrm::io {

/// "2026-11-23T20:01:02.345Z info winrmd-front login user=ada …"; values with spaces are quoted, control characters
/// escaped.
[[nodiscard]] std::unique_ptr<base::log_sink> stderr_log(base::bytes_view program, base::log_level least);

} // namespace winrm::io
