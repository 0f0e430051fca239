// Landlock: from now on no file can be opened, made or removed and (newer kernels) no TCP port bound or connected to.
#pragma once

#include <string>
#include <vector>

namespace winrm::service::sandbox {

/// Denies this process everything that the kernel's Landlock handles, irrevocably. Needs no_new_privs.
/// @return the ABI version in force, 0 = this kernel offers none, -1 = it offers one and refused it (errno).
/// @param readable  files and folders (with what is in them) that can be opened for reading nevertheless
[[nodiscard]] int deny_with_landlock(const std::vector<std::string>& readable = {});
/// Of this kernel; 0 = none.
[[nodiscard]] int landlock_abi();

} // namespace winrm::service::sandbox
