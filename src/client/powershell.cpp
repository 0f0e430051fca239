#include "client/powershell.h"

#include "shell/compression.h"

namespace winrm::remote {

powershell::carrier_options carrier_options_for(const std::string& configuration, base::milliseconds operation_timeout,
                                                const base::random_source& random, bool compress)
{
    powershell::carrier_options o;
    const std::string name = configuration.empty() ? "Microsoft.PowerShell" : configuration;
    const bool whole = name.find("://") != std::string::npos;
    o.shell.create.resource_uri = whole ? name : std::string(wsman::resource_uri::powershell) + name;
    o.shell.create.shell_id = base::uuid::random(random).text();
    o.shell.create.protocol_version = "2.3";
    if (compress) o.shell.create.compression = shell::xpress_type;
    o.shell.operation_timeout = operation_timeout;
    return o;
}

} // namespace winrm::remote
