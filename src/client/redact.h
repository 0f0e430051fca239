#pragma once

#include "base/bytes.h"

namespace winrm::remote {

/// An envelope fit for a trace file: what was typed into stdin and values of environment variables are struck out, by
/// text, so that broken envelopes are covered too. Everything else stays byte for byte.
[[nodiscard]] std::string redact_request(base::bytes_view envelope);

} // namespace winrm::remote
