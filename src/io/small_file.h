// Files of the kernel (/proc, cgroups): small, read and written at once.
#pragma once

#include <winrm/result.h>

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace winrm::io {

/// At most `most` bytes; "" also if it cannot be read.
[[nodiscard]] std::string read_small_file(const std::string& path, std::size_t most = 1024 * 1024);
/// A file that the user names, from beginning to end; a pipe too.
/// @errors bad_config: a clause to stand after the file's name ("cannot be read: there is no such file…")
[[nodiscard]] result<std::string> read_whole_file(const std::string& path, std::size_t most);
/// With one write, into a file that is there. @return false: not, or not all of it.
bool write_small_file(const std::string& path, const std::string& text);

/// Who was started by this thread, or given to it as an orphan, and is not yet reaped (proc(5), …/children). Empty also
/// if the process is gone, or the kernel was built without such lists.
[[nodiscard]] std::vector<pid_t> children_of_thread(pid_t process, pid_t thread);

} // namespace winrm::io
