// Recorded PSRP conversations with Windows, taken apart: what each request and answer carried.
#pragma once

#include "psrp/message.h"

#include <optional>
#include <string>
#include <vector>

namespace winrm::test {

/// What one envelope carries of PSRP, in order.
struct carried
{
    std::optional<base::uuid> command; ///< nullopt: of the pool
    std::string stream;                ///< "stdin", "pr", "stdout", "creationXml", "Arguments", "connectXml", …
    base::bytes fragments;
};
struct psrp_exchange
{
    std::string action; ///< last part: "Create", "Command", "Receive"
    std::optional<base::uuid> shell, command;
    std::vector<carried> request, answer;
    std::string answer_action; ///< "ReceiveResponse", "fault", …; "" = none was recorded
};
struct expected_message
{
    std::size_t exchange = 0;
    bool of_request = false;
    std::string type, destination, rpid, pid, sha256;
    std::size_t fragments = 0, bytes = 0;
};
struct psrp_recording
{
    std::string name;
    std::vector<psrp_exchange> exchanges;
    std::vector<expected_message> messages;
};

/// Empty where ../shared/vectors is not beside this clone.
[[nodiscard]] std::vector<psrp_recording> psrp_recordings();
/// Content of a recorded creationXml and its messages, as one exchange.
[[nodiscard]] std::vector<psrp_recording> psrp_fragment_recordings();
/// The examples of the specification's section 2.2.2 and 2.2.3: section and CLIXML.
struct psrp_example
{
    std::string name, clixml;
};
[[nodiscard]] std::vector<psrp_example> psrp_examples();
inline constexpr const char* no_recordings =
    "SKIPPED: no ../shared/vectors beside this clone (recorded conversations with Windows hosts)";

} // namespace winrm::test
