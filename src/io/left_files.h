// Files that a process would have removed, had it not been killed.
#pragma once

#include <cstddef>
#include <string>

namespace winrm::io {

/// Removes what is called PREFIXpid_ANYTHING in that folder where it is a regular file of our uid and its process has
/// gone. Symbolic links are not followed; a folder that is not there is an empty one.
/// @return files of ours by such a name that stay, because their process lives
std::size_t remove_left_files(const std::string& folder, const std::string& prefix);

} // namespace winrm::io
