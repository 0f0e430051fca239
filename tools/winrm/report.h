// How errors reach the user: one line on standard error, or an object in JSON.
#pragma once

#include "winrm/json.h"

#include <winrm/error.h>

namespace winrm::cli {

/// Exit status of everything that went wrong on this side of the remote command.
inline constexpr int trouble = 255;

/// "winrm: HOST: cause: the host's words (2150858843 = 0x8033805B: meaning; remedy)\n"; host may be empty. Always one
/// line.
[[nodiscard]] std::string error_line(base::bytes_view host, const error& e);
/// Key "error": {code, message, peer_text, http_status, fault{…}}.
void write_error(json_writer& w, const error& e);

/// Writes everything, waiting where it must (standard error, short texts).  @return false when the reader is gone
bool write_all(int fd, base::bytes_view text) noexcept;
/// Prints an error as the subcommand's whole result and returns trouble.
int fail(base::bytes_view host, const error& e, bool json);

} // namespace winrm::cli
