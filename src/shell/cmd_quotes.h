// Quotes around a whole command line, as cmd.exe takes them off.
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>

namespace winrm::shell {

struct quoted_command
{
    std::string program;  ///< what the first pair of quotes holds: where that is a program, the quotes are the shell's
    std::string unquoted; ///< the command without its first and its last character
};

/// The rule of `cmd /C` (cmd /?): a line that begins with a quote loses it and the last one, unless they hold the name
/// of a program. Ruby's WinRM relies on it: its Command "echo hello" has quotes around all. A shell of ours would look
/// for a program of that name.
/// @return nullopt: there are no such quotes, or a shell reads the line in the same way with them ("echo" hello) or is
/// meant to (it expands variables in the name of a program; "my tool" "a; b" and "a \"b\"" are quoted as it wants it)
[[nodiscard]] std::optional<quoted_command> read_quoted_command(base::bytes_view command);

} // namespace winrm::shell
