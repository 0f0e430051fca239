#pragma once

#include "base/bytes.h"

namespace winrm::remote {

/// An envelope fit for a trace file: what was typed into stdin and values of environment variables are struck out, by
/// text, so that broken envelopes are covered too. Everything else stays byte for byte.
[[nodiscard]] std::string redact_request(base::bytes_view envelope);

/// The head of an answer, or a whole answer as it came, fit for a trace file: cookies, tokens of logins, and login and
/// query of a Location are struck out. Bytes that are no HTTP stay as they are, and so does what follows the head.
[[nodiscard]] std::string redact_answer(base::bytes_view text);

} // namespace winrm::remote
