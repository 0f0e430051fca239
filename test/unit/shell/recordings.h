// Recorded conversations, of Windows hosts and our own, as the tests of both machines want them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace winrm::test {

struct exchange
{
    std::string request, answer;
};
struct expected_command
{
    std::string id, out, err;
    std::optional<std::int64_t> exit_code;
};

struct recording
{
    std::string name;
    std::vector<exchange> exchanges;
    std::vector<expected_command> commands; ///< those whose output was fetched
};

/// A single recorded answer. `fault_code`: what the recording says, 0 = no fault or none given.
struct recorded_message
{
    std::string name, body;
    bool is_fault = false;
    std::uint32_t fault_code = 0;
};

/// What our two ends say to each other (test/vectors/record.py).
[[nodiscard]] std::vector<recording> own_conversations();
/// Of Windows hosts. Empty if ../shared/vectors is not beside this clone.
[[nodiscard]] std::vector<recording> shell_recordings();
/// Of Windows hosts, with PowerShell's shells.
[[nodiscard]] std::vector<recording> powershell_recordings();
[[nodiscard]] std::vector<recorded_message> recorded_messages();
inline constexpr const char* no_recordings =
    "SKIPPED: no ../shared/vectors beside this clone (recorded conversations with Windows hosts)";

} // namespace winrm::test
