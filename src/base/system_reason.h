// What the system's error numbers mean to whoever reads the message, and what to do about them.
#pragma once

#include <string>

namespace winrm::base {

/// Of a file, a stream or a process: a clause to stand after "X cannot be read: ".
/// @param number  errno
[[nodiscard]] std::string file_reason(int number);

/// Of a socket: a clause to stand after "X cannot be reached: " or "the connection was lost: ".
[[nodiscard]] std::string network_reason(int number);

} // namespace winrm::base
