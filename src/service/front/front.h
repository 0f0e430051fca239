// The network process: TLS and HTTP without any rights. It reads unauthenticated input, so it drops every privilege it
// does not need before the first byte: see sandbox.h. No XML is linked into it.
#pragma once

namespace winrm::service::front {

/// Serves until the monitor sends stop or ends.
/// @param control_fd  socket to the monitor; its first frame must be wire::front_setup with one listening socket per
///                    listener. Taken over.
/// @return exit status for main: 0 = stopped as requested, 1 = no valid setup, unusable certificate, or no sandbox.
[[nodiscard]] int run_front(int control_fd);

} // namespace winrm::service::front
