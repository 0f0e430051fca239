// How errors reach the user: one line on standard error, or an object in JSON.
#pragma once

#include "cli/json.h"

#include <winrm/error.h>

#include <functional>

namespace winrm::cli {

/// Exit status of everything that went wrong on this side of the remote command.
inline constexpr int trouble = 255;
/// The status of a program whose reader has closed the pipe (128 + SIGPIPE).
inline constexpr int reader_gone = 141;

/// "winrm: HOST: cause: the host's words (2150858843 = 0x8033805B: meaning; remedy)\n"; host may be empty. Always one
/// line.
[[nodiscard]] std::string error_line(base::bytes_view host, const error& e);
/// Key "error": {code, message, remedy, peer_text, http_status, fault{…}}.
/// @param more  writes what else the object is to have
void write_error(json_writer& w, const error& e, const std::function<void()>& more = {});

/// Writes everything, waiting where it must (standard error, short texts).  @return false and errno when it cannot
bool write_all(int fd, base::bytes_view text) noexcept;
/// "standard output cannot be written: No space left on device"
[[nodiscard]] error cannot_write(base::bytes_view stream, int number);
/// Prints a subcommand's result, or says that it cannot.
/// @return status; trouble or reader_gone when standard output did not take it
[[nodiscard]] int print(base::bytes_view text, int status = 0);
/// What became of writing to standard output, errno being its cause; as print().
[[nodiscard]] int printed(bool written, int status = 0);
/// {"host","error"} on standard output, with --json the subcommand's whole result.
void print_failure(base::bytes_view host, const error& e);
/// Prints an error as the subcommand's whole result and returns trouble.
int fail(base::bytes_view host, const error& e, bool json);

} // namespace winrm::cli
