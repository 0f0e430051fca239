// Structured lines on standard error (key=value, escaped), by spdlog. journald adds the rest.
#pragma once

#include "base/log_sink.h"
#include "io/loop.h"

#include <memory>

namespace winrm::io {

/// "2026-11-23T20:01:02.345Z info winrmd-front login user=ada …"; values with spaces are quoted, control characters
/// escaped. Never blocks: while the reader stalls lines are kept (256 KB, half of it for warnings and errors alone),
/// then dropped, and "log_lines_lost count=N" says so when there is room again. @param on  outlives the log; it brings
/// what is kept out without a further line.
[[nodiscard]] std::unique_ptr<base::log_sink> stderr_log(loop& on, base::bytes_view program, base::log_level least);

} // namespace winrm::io
