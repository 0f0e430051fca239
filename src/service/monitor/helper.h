// Starting winrmd-front and winrmd-user: where they are, what they inherit.
#pragma once

#include "io/unique_fd.h"
#include "service/monitor/identity.h"

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace winrm::service::monitor {

/// Next to our own program, else in the folder for helpers of the installation; "" if nowhere.
[[nodiscard]] std::string helper_path(const std::string& name);

/// fork and exec with the control socket as descriptor 3, nothing to read or write on 0 and 1, the log on 2, no other
/// descriptor and an almost empty environment.  @return -1: no resources.
[[nodiscard]] pid_t start_front(const std::string& program, io::unique_fd control);

struct user_start
{
    std::string program;
    bool switch_account = false; ///< become the account (we are root and it is not us)
    std::string pam_service;     ///< not empty: a session of this service is kept open around the process
    std::string peer;            ///< where the first login came from, for PAM
    std::string cgroup_procs;    ///< not empty: file to join the account's cgroup by
};
/// Same for the process of `who`, which leads a session of its own. With a PAM session the returned process is its
/// keeper: it ends when the user's process has ended and the session was closed, and takes that process along if it is
/// killed. If the monitor is killed it ends the user's process, and all that this leaves behind.
[[nodiscard]] pid_t start_user(const user_start& how, const identity& who, io::unique_fd control);

/// What the keeper does after its exec: it has nothing of the monitor's memory and environment. @return exit status
[[nodiscard]] int run_session();

/// For children of fork. Number 0 and 1 are /dev/null, 2 the log, then come `given`, in order; all others are closed.
void arrange_descriptors(std::initializer_list<int> given);
/// @param name  argv[0]
[[noreturn]] void execute(const std::string& program, const char* name, const std::vector<std::string>& environment);

} // namespace winrm::service::monitor
