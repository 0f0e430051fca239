// Dropping rights, once, before the first byte from the network is read. The order matters and is fixed here.
#pragma once

#include "base/log_sink.h"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace winrm::service::sandbox {

/// Whose sandbox. Neither reaches a file, makes a process or opens a socket; a front works with the sockets it was
/// given, the process that reads tokens with its way to the monitor alone.
enum class role { front, token };

/// What is in force afterwards; goes into the log.
struct sandbox_report
{
    bool no_new_privileges = false, seccomp = false;
    int landlock_abi = 0;     ///< 0 = kernel without Landlock, -1 = it refused
    bool own_uid = false;     ///< left root for an account of its own
    bool empty_root = false;  ///< chroot into a folder that no longer exists
    bool reads_files = false; ///< those that were to stay readable are
    uid_t uid = 0;
    std::string problem; ///< not empty: do not serve

    void write_to(base::log_sink& log) const;
};

/// 1. limits: descriptors as given, no new process, no file, no core dump; not dumpable.
/// 2. as root: an empty root folder, then the account "winrmd" or "winrmd-token" (else nobody), no group, no
/// capability; regaining root is
///    tried and must fail.
/// 3. no_new_privs, 4. Landlock, 5. seccomp.
/// Every step that is possible must work; only Landlock and, not as root, step 2 may be missing.
/// @param max_descriptors  RLIMIT_NOFILE; lowered to what the system permits.
/// @param readable  files and folders that stay readable. Where there is Landlock to see to that, it takes the place of
/// the empty
///                  root folder; without it nothing stays readable.
[[nodiscard]] sandbox_report enter_sandbox(role who, std::uint64_t max_descriptors,
                                           const std::vector<std::string>& readable = {});

} // namespace winrm::service::sandbox
