// Two requests compared by what they ask for, and recorded requests taken apart.
#pragma once

#include "shell/messages.h"

namespace winrm::test {

/// What a request asks for, without prefixes, order and ids that the asker chose. "" = not to be understood. Left out
/// is what is a client's own choice: MustComply (pypsrp insists on every option, we on few), OperationTimeout,
/// MaxEnvelopeSize, Locale.
[[nodiscard]] std::string meaning(const wsman::incoming_request& r);
/// @throws std::runtime_error: the request is refused
[[nodiscard]] wsman::incoming_request read(const std::string& text);
[[nodiscard]] shell::create_shell create_of(const wsman::incoming_request& r);
[[nodiscard]] shell::connect_shell connect_of(const wsman::incoming_request& r);

} // namespace winrm::test
