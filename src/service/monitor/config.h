// The configuration file: read once, judged completely, so that one look shows everything that is wrong.
#pragma once

#include "service/monitor/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

struct config_problem
{
    std::string where; ///< "FILE:LINE" or "FILE"
    std::string what;  ///< one sentence: cause and remedy
};

struct loaded_config
{
    settings values;
    std::vector<config_problem> problems; ///< empty = usable
};

/// limits_only: [limits] and log_level; any other key is a problem. For --test-server, which decides the rest itself.
enum class config_scope { everything, limits_only };

/// Pure part: text to settings. @param name  of the file, for messages.
[[nodiscard]] loaded_config parse_config(std::string_view text, const std::string& name,
                                         config_scope scope = config_scope::everything);
/// What only the system knows: do the files exist, who may read and write them, are we root.
void check_files(const settings& s, std::vector<config_problem>& problems);
/// Reads, checks who could have written it, parses, and checks the files it names.
[[nodiscard]] loaded_config load_config(const std::string& path, config_scope scope = config_scope::everything);

} // namespace winrm::service::monitor
