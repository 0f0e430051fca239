// Starting winrmd-front, winrmd-token and winrmd-user: where the programs are, what they inherit.
#pragma once

#include "io/unique_fd.h"
#include "service/monitor/identity.h"

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace winrm::service::monitor {

/// Next to our own program, else in the installation's folder for helpers; "" if in neither.
[[nodiscard]] std::string helper_path(const std::string& name);

/// fork and exec with /dev/null on 0 and 1, the log on 2, the control socket on 3, no other descriptor and an almost
/// empty environment.  @param more  of it, "NAME=VALUE"  @return -1: no resources.
[[nodiscard]] pid_t start_helper(const std::string& program, io::unique_fd control,
                                 const std::vector<std::string>& more = {});

struct user_start
{
    std::string program;
    bool switch_account = false; ///< become the account (we are root and it is not us)
    std::string pam_service;     ///< not empty: a session of this service is open while the process runs
    std::string peer;            ///< source of the first login, for PAM
    std::string cgroup_procs;    ///< not empty: file to join the account's cgroup by
};
/// Same for the user process of `who`, which leads a session (setsid) of its own. With a PAM session the returned
/// process is the session keeper, its parent: it ends when the user process has ended and the PAM session was closed.
/// If the keeper is killed, the kernel kills the user process; if the monitor is killed, the keeper ends the user
/// process and its orphans.
[[nodiscard]] pid_t start_user(const user_start& how, const identity& who, io::unique_fd control);

/// Main function of the session keeper after its exec. @return exit status
[[nodiscard]] int run_session();

/// For children of fork: 0 and 1 become /dev/null, 2 stays the log, then come `given`, in order; all others are closed.
void arrange_descriptors(std::initializer_list<int> given);
/// @param name  argv[0]
[[noreturn]] void execute(const std::string& program, const char* name, const std::vector<std::string>& environment);

} // namespace winrm::service::monitor
