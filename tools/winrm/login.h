// From settings to a session that can be opened: checks that need no network, password, trace.
#pragma once

#include "winrm/settings.h"
#include "winrm/trace.h"

#include "client/session.h"

namespace winrm::cli {

[[nodiscard]] const std::vector<std::string>& auth_names();
[[nodiscard]] bool is_auth_name(base::bytes_view name);

/// What a subcommand needs to talk to a host.
struct login
{
    settings host;
    remote::session_options session;
    std::unique_ptr<trace_file> trace; ///< session.trace points into it
};

/// @param anonymous  no user and no password are asked for (Identify)
/// @errors bad_target, bad_config, no_credentials, unencrypted_refused, bad_argument
[[nodiscard]] result<login> prepare(const options& o, bool anonymous);

} // namespace winrm::cli
