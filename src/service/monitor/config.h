// The configuration file: read once and checked completely, so that one run of --check shows every mistake.
#pragma once

#include "service/monitor/settings.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

struct config_problem
{
    std::string where; ///< "FILE:LINE" or "FILE"
    std::string what;  ///< one sentence: cause and remedy
    unsigned line = 0; ///< of the configuration, also if `where` is a file it names; 0 = none
};

/// Where things stand in the file; 0 = nowhere.
struct config_lines
{
    struct listener
    {
        unsigned table = 0, address = 0, port = 0, tls = 0;
        bool valid = true; ///< its address and port are what was written
    };
    std::map<std::string, unsigned, std::less<>> keys; ///< of the top; those of [auth] as "auth.keytab"
    std::set<std::string, std::less<>> bad;            ///< keys with invalid values
    std::vector<unsigned> groups;                      ///< of allow_groups
    std::vector<listener> listen;

    [[nodiscard]] unsigned of(std::string_view key) const;
    [[nodiscard]] bool is_bad(std::string_view key) const { return bad.find(key) != bad.end(); }
};

struct loaded_config
{
    settings values;
    std::vector<config_problem> problems; ///< empty = usable. By line; those without a line come last.
    std::vector<config_problem> warnings; ///< do not prevent use. By line too.
    config_lines lines;
    bool understood = false; ///< it is TOML
};

/// limits_only: [limits], [powershell] and log_level; any other key is a problem. For --test-server, which decides the rest itself.
enum class config_scope { everything, limits_only };

/// Files that [auth] need not name, where they are there and can be used.
struct found_files
{
    std::string keytab, ntlm_accounts;
};

/// Pure part: text to settings. @param name  of the file, for messages.
[[nodiscard]] loaded_config parse_config(std::string_view text, const std::string& name,
                                         config_scope scope = config_scope::everything, const found_files& found = {});
/// Checks against the system: do the files exist, who may read and write them, can they be used, are we root, do the
/// PAM service and the groups exist. @param name  of the configuration, for messages.
void check_system(loaded_config& config, const std::string& name);
/// Reads, checks who could have written it, parses, and checks the files it names. Relative names are relative to the
/// configuration's folder.
[[nodiscard]] loaded_config load_config(const std::string& path, config_scope scope = config_scope::everything);

} // namespace winrm::service::monitor
