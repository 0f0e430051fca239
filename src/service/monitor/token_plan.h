// Logins by tokens: which schemes, and what the process that reads the tokens is given for them.
#pragma once

#include "service/monitor/settings.h"
#include "service/wire/frames.h"

#include <winrm/result.h>

#include <string>
#include <vector>

namespace winrm::service::monitor {

/// No schemes, no process that reads tokens.
struct token_plan
{
    std::vector<std::string> schemes; ///< in the order offered, ahead of Basic
    wire::token_setup setup; ///< accounts, keys and policy; what follows from the rest of the plan is filled in
};

/// Reads keytab and accounts, checked as --check does.
/// @errors bad_config: a file that cannot be used; the message begins with its name
[[nodiscard]] result<token_plan> make_token_plan(const settings& from);

} // namespace winrm::service::monitor
