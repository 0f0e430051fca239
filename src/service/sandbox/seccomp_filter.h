// The list of system calls the network process may make once it serves.
#pragma once

#include "service/sandbox/sandbox.h"

#include <string>

namespace winrm::service::sandbox {

/// Loads the filter for all threads, irrevocably. What serving needs is allowed; looking up a file or making a socket
/// gives EACCES (libraries try); anything else (exec, fork, ptrace, executable memory) kills the process. Builds with
/// sanitizers answer EACCES in place of the kill and let the runtime's own calls pass.
/// @return empty on success, else what failed.
[[nodiscard]] std::string load_seccomp_filter(role who);

} // namespace winrm::service::sandbox
