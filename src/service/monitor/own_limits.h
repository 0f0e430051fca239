// What the monitor changes in its own process, and gives back to those it starts.
#pragma once

namespace winrm::service::monitor {

/// As many open files as the system allows (each connection under way costs some), no core file, and no reading of our
/// memory by others of our uid: passwords and the TLS key pass through it. Forked children have the same.
void take_own_limits();
/// For a child that becomes another program: limits as this process found them. Nothing if none were taken.
void give_back_limits();

} // namespace winrm::service::monitor
