// From settings to a session that can be opened: checks that need no network, password, trace.
#pragma once

#include "cli/bounded_wait.h"
#include "cli/settings.h"
#include "cli/trace.h"

#include "client/session.h"

namespace winrm::cli {

[[nodiscard]] const std::vector<std::string>& auth_names();
[[nodiscard]] bool is_auth_name(base::bytes_view name); ///< in lower case

[[nodiscard]] bool is_encrypt_name(base::bytes_view name); ///< "auto", "always"

/// What a subcommand needs to talk to a host.
struct login
{
    settings host;
    remote::session_options session;
    std::unique_ptr<trace_file> trace; ///< session.trace points into it
    deadline limit = never;            ///< --timeout, counted from the beginning: waiting for a secret is part of it

    [[nodiscard]] base::milliseconds time_left() const; ///< at least 1ms; 0 = no limit
};

/// @param anonymous  no user and no password are asked for (Identify)
/// @param caught     the signal that ended the waiting for a password, else left alone
/// @errors bad_target, bad_config, no_credentials, unencrypted_refused, bad_argument, timeout, cancelled
[[nodiscard]] result<login> prepare(const options& o, bool anonymous, int& caught);
/// Tells why prepare() failed.  @return exit status
int not_begun(const options& o, const error& why, int caught);

} // namespace winrm::cli
