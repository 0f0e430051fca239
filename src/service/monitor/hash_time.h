// How long checking a password takes on this machine.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

/// One hash of each method and parameters in lines of the form NAME:HASH…, at most 8. Locked accounts and those without
/// a password are skipped.
[[nodiscard]] std::vector<std::string> kinds_of_hashes(std::string_view lines);

/// Hashes once with the system's default method and once with each of `kinds`; starts no further hash after 2 s.
/// @return the longest of these times; blocks for their sum
[[nodiscard]] std::chrono::microseconds slowest_hash(const std::vector<std::string>& kinds);

} // namespace winrm::service::monitor
