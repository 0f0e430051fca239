// Files of the kernel (/proc, cgroups): small, read and written at once.
#pragma once

#include <cstddef>
#include <string>

namespace winrm::io {

/// At most `most` bytes; "" also if it cannot be read.
[[nodiscard]] std::string read_small_file(const std::string& path, std::size_t most = 1024 * 1024);
/// With one write, into a file that is there. @return false: not, or not all of it.
bool write_small_file(const std::string& path, const std::string& text);

} // namespace winrm::io
