#pragma once

#include "base/bytes.h"

namespace winrm::remote {

/// An envelope fit for a trace file: what was typed into stdin and values of environment variables are struck out, by
/// text, so that broken envelopes are covered too. Everything else stays byte for byte.
[[nodiscard]] std::string redact_request(base::bytes_view envelope);

/// Where a redirection leads, in its parts: "https://", "ada:pw", "web2/x", "?t=1". The second and the last may be
/// secrets. Views into the argument.
struct location_parts
{
    base::bytes_view scheme, login, place, rest;
};
[[nodiscard]] location_parts split_location(base::bytes_view location);

/// The head of an answer, or a whole answer as it came, fit for a trace file: cookies, tokens of logins, and login and
/// query of a Location are struck out. Bytes that are no HTTP stay as they are, and so does what follows the head.
[[nodiscard]] std::string redact_answer(base::bytes_view text);

} // namespace winrm::remote
