// What a script wants of its host: writing, questions, the size of the window (MS-PSRP 2.2.3.17).
#pragma once

#include "cli/ps_terminal.h"

#include "powershell/script_run.h"

#include <functional>

namespace winrm::cli {

struct host_actions
{
    std::function<void(base::bytes_view)> write;       ///< Write-Host
    std::function<void(base::bytes_view)> write_error; ///< lines of warnings and errors
    std::function<void()> clear_progress;              ///< before a question
    psrp::size window{80, 25};
};

/// Carries a call out and answers it.
/// @return the signal that ended a question, 0 = none
int answer_host_call(psrp::client_pool& pool, const psrp::host_call_made& asked, const host_actions& actions);

} // namespace winrm::cli
