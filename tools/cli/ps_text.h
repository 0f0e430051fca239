// What a PowerShell pipeline tells, as lines for a terminal or file. Pure.
#pragma once

#include "psrp/client_pool.h"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace winrm::cli {

/// As Windows PowerShell's console shows an error: words, position, category, id.
[[nodiscard]] std::string error_text(const psrp::error_record& e);
/// "WARNING: …", "VERBOSE: …", "DEBUG: …"
[[nodiscard]] std::string informational_text(const psrp::informational_record& r);
/// A warning, verbose or debug line comes twice where the script has a host: as a record and as a call of the host.
/// Says which is the second of a pair; remembers a few.
class line_pairs
{
public:
    [[nodiscard]] bool first_as_record(const std::string& line) { return take(line, calls_, records_); }
    [[nodiscard]] bool first_as_call(const std::string& line) { return take(line, records_, calls_); }

private:
    static bool take(const std::string& line, std::deque<std::string>& others, std::deque<std::string>& own);
    std::deque<std::string> records_, calls_;
};

/// One line of at most `columns`, without a line end: "Copying  [#####-----]  50%  file 7".
[[nodiscard]] std::string progress_text(const psrp::progress_record& r, std::size_t columns);

enum class object_format { text, json, jsonl, csv, clixml };

/// Objects one after the other in a format; holds none of them.
class object_writer
{
public:
    explicit object_writer(object_format format) : format_(format) {}
    [[nodiscard]] std::string write(const clixml::value& v);
    [[nodiscard]] std::string end(); ///< what closes the whole

private:
    [[nodiscard]] std::string csv(const clixml::value& v);
    object_format format_;
    bool first_ = true;
    std::vector<std::string> columns_; ///< of CSV: those of the first object
};

} // namespace winrm::cli
