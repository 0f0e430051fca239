#include "shell/cmd_quotes.h"

namespace winrm::shell {
namespace {

constexpr base::bytes_view blank = " \t\r\n", separators = " \t\r\n;&|<>()", expanded = "$`";

} // namespace

std::optional<quoted_command> read_quoted_command(base::bytes_view command)
{
    if (command.size() < 3 || command.front() != '"' || command.back() != '"') return std::nullopt;
    const std::size_t end = command.find('"', 1);
    const base::bytes_view program = command.substr(1, end - 1), behind = command.substr(end + 1);
    // As a shell is told where its words end: without the outer quotes its data would be read as commands.
    const bool ends_a_word = !behind.empty() && separators.find(behind.front()) != base::bytes_view::npos;
    if (ends_a_word || program.ends_with('\\')) return std::nullopt;
    if (program.find_first_of(separators) == base::bytes_view::npos) return std::nullopt;
    const base::bytes_view word = program.substr(0, program.find_first_of(blank));
    const base::bytes_view name = word.find('/') == base::bytes_view::npos ? word : program; // a path may have blanks
    if (name.find_first_of(expanded) != base::bytes_view::npos) return std::nullopt;
    return quoted_command{std::string(program), std::string(command.substr(1, command.size() - 2))};
}

} // namespace winrm::shell
