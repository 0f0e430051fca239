// Message files (winrm-message/1 and winrm-conversation/1) as values: the repo's own ones in test/vectors, and recorded
// ones that may lie beside the clone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace test {

struct message
{
    std::string file; ///< and exchange, for the reader of a failure
    std::string body;
    bool well_formed = true;
    bool request = false; ///< of a conversation; single messages do not say
    std::map<std::string, std::string>
        expect; ///< "Action", "MessageID", "RelatesTo", "ResourceURI", "fault/subcode", …
};

/// All files of the folder, sorted; nullopt if there is no such folder.
[[nodiscard]] std::optional<std::vector<message>> read_messages(const std::string& folder);
/// Bodies of both directions of all conversations of the folder.
[[nodiscard]] std::optional<std::vector<message>> read_conversations(const std::string& folder);
[[nodiscard]] std::string read_file(const std::string& path);

} // namespace test
