// What PowerShell over a session needs besides the machines of src/powershell.
#pragma once

#include "client/machine_driver.h"
#include "powershell/bridge.h"
#include "powershell/carrier.h"

namespace winrm::remote {

/// The Receives of a pool and of a pipeline, and what is sent beside them. Opened when needed.
inline constexpr std::size_t connections_of_a_pool = 4;

/// For one pool. The pool is the shell of the same id.
/// @param configuration  name of the session configuration, or a whole URI; "" = Microsoft.PowerShell
/// @param compress  ask the host to compress streams (MS-WSMV 3.2.4.1.19)
[[nodiscard]] powershell::carrier_options carrier_options_for(const std::string& configuration,
                                                              base::milliseconds operation_timeout,
                                                              const base::random_source& random, bool compress = false);

} // namespace winrm::remote
