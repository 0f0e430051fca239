// Standard input as objects for a pipeline: lines, JSON lines, CLIXML. Pure; holds at most one line or value.
#pragma once

#include "clixml/reader.h"

#include <optional>
#include <string>
#include <vector>

namespace winrm::cli {

class input_reader
{
public:
    /// @param format  "lines" or "" , "jsonl", "clixml"
    explicit input_reader(const std::string& format);
    /// The objects that are whole now; none after failure().
    [[nodiscard]] std::vector<clixml::value> received(base::bytes_view piece, bool end);
    [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }

private:
    enum class kind { lines, jsonl, clixml };
    void take_line(base::bytes_view line, std::vector<clixml::value>& into);
    void poll_clixml(std::vector<clixml::value>& into);
    kind kind_;
    std::string kept_; ///< of a line
    std::uint64_t lines_ = 0;
    std::optional<clixml::reader> reader_;
    std::optional<error> failure_;
};

} // namespace winrm::cli
