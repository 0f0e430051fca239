#pragma once

#include "base/duration.h"

namespace winrm::remote {

/// A limit, for messages: "15 s", "0.5 s".
[[nodiscard]] std::string in_seconds(base::milliseconds time);

} // namespace winrm::remote
