// What exactly is executed for a start_process order: program candidates, argument vector, environment. Pure.
#pragma once

#include "shell/server_table.h"

#include <string>
#include <vector>

namespace winrm::service::user {

/// The account of this process, as the monitor looked it up.
struct account
{
    std::string name, home, shell;
    std::string lang = "C.UTF-8";
    bool is_root = false;
    bool full_shell = false;                ///< is_full_shell(shell)
    std::vector<shell::variable> session{}; ///< what the modules of its PAM session set
    std::string commands{};                 ///< folder of `powershell` and its other names, "" = none
    std::string powershell{};               ///< the program that they start, "" = pwsh in PATH
};

struct child_plan
{
    std::vector<std::string> candidates; ///< paths for execve, tried in order while one is "not found"
    std::vector<std::string> argv;
    std::vector<std::string> environment; ///< "NAME=value"
    std::string directory;                ///< absolute
};

/// Every child's environment has the ids of its shell and command, for the command's own use, and a mark by which
/// orphans are attributed: the ids are no such mark, because clients may choose them, and reuse them.
inline constexpr std::string_view shell_marker = "WINRM_SHELL_ID", command_marker = "WINRM_COMMAND_ID",
                                  process_marker = "WINRM_PROCESS_MARK";
[[nodiscard]] std::string process_mark(const shell::start_process& order);
/// The session's variables from an environment as execve passes it.
[[nodiscard]] std::vector<shell::variable> session_variables(const char* const* environment);

[[nodiscard]] std::string reach_powershell(const std::string& line, const account& who, bool login_profile);

/// An account whose shell restricts it starts nothing but that shell, and the client sets no variable that could turn
/// it (PATH, BASH_ENV, GIT_*): only LANG, LC_* and TERM.
[[nodiscard]] bool may_start(const shell::start_process& order, const account& who);

/// Nothing else is inherited from our own environment. HOME, USER, LOGNAME, SHELL, PATH and LANG come first, then the
/// session's variables (PAM's, then the login's), then the client's (each may replace the earlier), then the markers
/// (which nothing replaces). Names that execve could not carry ('=' or NUL inside, empty) and those that make the
/// loader or the C library use other code or data (LD_*, GCONV_PATH, …) are left out.
///
/// With the shell: `shell -c line`; its argv[0] gets a leading '-' when the login profile is wanted, which every shell
/// understands, while `-l` together with `-c` is not known to all.
/// Without: argv as it is; a name without '/' is looked for in the child's PATH.
///
/// `powershell`, `powershell.exe` and `pwsh.exe` in any case, also with a folder of Windows before it, as the first
/// word of a line are the program of that name in who.commands. That is at the end of PATH too; where login files may
/// set PATH anew, a line for a shell like sh that names PowerShell anywhere puts it there again.
[[nodiscard]] child_plan plan_child(const shell::start_process& order, const account& who);

} // namespace winrm::service::user
