// What checking a password costs on this machine.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

/// One hash of every kind (method and its parameters) in lines of the form NAME:HASH…, at most 8. Locked accounts and
/// those without a password count as none.
[[nodiscard]] std::vector<std::string> kinds_of_hashes(std::string_view lines);

/// The slowest of: one hash of the system's default method, one of each of `kinds`. No further one is begun after 2 s.
/// @return how long it took; blocks as long
[[nodiscard]] std::chrono::microseconds slowest_hash(const std::vector<std::string>& kinds);

} // namespace winrm::service::monitor
