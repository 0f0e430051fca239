// Landlock: from now on no file can be opened, made or removed and (newer kernels) no TCP port bound or connected to.
#pragma once

namespace winrm::service::sandbox {

/// Denies this process everything that the kernel's Landlock handles, irrevocably. Needs no_new_privs.
/// @return the ABI version in force, 0 = this kernel offers none, -1 = it offers one and refused it (errno).
[[nodiscard]] int deny_with_landlock();

} // namespace winrm::service::sandbox
