// One PowerShell script over a session: drives powershell::script_run.
#pragma once

#include "client/machine_driver.h"
#include "powershell/script_run.h"

#include <winrm/powershell.h>

namespace winrm {

struct script_value::impl
{
    clixml::value value;
};

} // namespace winrm

namespace winrm::remote {

[[nodiscard]] powershell::script_request make_script(std::string script, const script_options& options,
                                                     base::milliseconds operation_timeout,
                                                     const base::random_source& random);

/// Reports records, then once how it ended, then once that nothing is left on the host. There is no user: questions of
/// the script get an error.
class script
{
public:
    struct handlers
    {
        script_handler record;
        std::function<void(result<script_output>)> done;
        std::function<void()> finished;
    };
    /// Handlers are called from the loop, never from within the constructor.
    script(session& over, powershell::script_request request, std::vector<script_value> input,
           const base::random_source& random, handlers h);
    ~script();
    script(const script&) = delete;
    script& operator=(const script&) = delete;

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

} // namespace winrm::remote
