// What a PowerShell pipeline tells, as lines for a terminal or file. Pure.
#pragma once

#include "psrp/client_pool.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace winrm::cli {

/// As Windows PowerShell's console shows an error: words, position, category, id.
[[nodiscard]] std::string error_text(const psrp::error_record& e);
/// "WARNING: …", "VERBOSE: …", "DEBUG: …"
[[nodiscard]] std::string informational_text(const psrp::informational_record& r);
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
