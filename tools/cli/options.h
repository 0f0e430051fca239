// The command line as values. CLI11 stays behind this header.
#pragma once

#include "base/duration.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace winrm::cli {

enum class subcommand { run, ps, psrp, identify, shells, explain, config_show, clixml };

struct options
{
    subcommand what{};
    std::string host; ///< as typed
    // every subcommand
    std::string user, auth, keytab, service_name, encrypt, ca, trace, config;
    std::string password_file, password_command;
    std::optional<int> password_fd;
    std::optional<base::milliseconds> timeout, connect_timeout;
    bool allow_unencrypted = false, delegate = false, json = false, verbose = false;
    // run
    std::vector<std::string> command; ///< program and arguments, or one word: a command line
    std::string cwd, shell_name;
    std::vector<std::pair<std::string, std::string>> environment;
    std::optional<base::milliseconds> idle_timeout;
    std::optional<std::uint32_t> code_page;
    bool no_stdin = false, profile = false, no_profile = false, skip_cmd_shell = false, raw = false;
    // psrp, ps
    std::string script, script_file, output_format, input_format; ///< of ps; "command" holds the script's arguments
    std::vector<std::string> parameters;                          ///< NAME[:TYPE]=VALUE
    bool plain_objects = false;                                   ///< text is made here, not by Out-String on the host
    bool compress = false;                                        ///< streams of the shell (MS-WSMV 3.2.4.1.19)
    std::string configuration; ///< name of the session configuration; "" = Microsoft.PowerShell
    // shells
    std::vector<std::string> delete_shells;
    bool delete_all = false, commands = false;
    // explain
    std::vector<std::string> codes;
    // clixml
    std::string file = "-", format = "json", from = "clixml";
    bool plain = false;
};

/// Nothing to run (help, version, a mistake): print `text` (to stdout if status is 0) and exit.
struct parse_stop
{
    int status;
    std::string text;
    std::string why{}; ///< what is wrong with the command line; "" if status is 0 or there was none
    bool json = false; ///< --json was given, so the error is printed as an object too
    options so_far{};  ///< what could be read of it
};

/// `words` without the program's name.
[[nodiscard]] std::variant<options, parse_stop> parse_options(const std::vector<std::string>& words);

[[nodiscard]] std::string help_text();    ///< of the whole program
[[nodiscard]] std::string version_text(); ///< "winrm (OpenWinRM) 0.1.0\n"

} // namespace winrm::cli
