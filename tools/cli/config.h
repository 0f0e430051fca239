// The configuration file as values (winrm-config(5)). toml++ stays behind this header.
#pragma once

#include "base/bytes.h"

#include <winrm/result.h>

#include <optional>
#include <string>
#include <vector>

namespace winrm::cli {

/// One setting, checked: times parse, ports are in range, booleans are "true" or "false", names of files lead to them
/// from the folder that winrm is called in.
struct config_entry
{
    std::string key, value;
    unsigned line = 0;
};

struct config_section
{
    std::string pattern; ///< of [host."…"]; [defaults] is "*", and last
    std::vector<config_entry> entries;
};

struct config_file
{
    std::string path;
    std::vector<config_section> sections; ///< in the order of the file, defaults last
};

/// @param path  for messages, and its folder is where relative names of files begin
/// @param home  what ~/ stands for, "" = nothing
/// @errors bad_config: "path:line: what is wrong; did you mean …"
[[nodiscard]] result<config_file> parse_config(base::bytes_view text, const std::string& path,
                                               const std::string& home = {});

/// Reads a file; nullopt if there is none.
/// @errors bad_config: as above; unreadable, larger than 1 MiB, writable by others or owned by someone else (its
/// commands are run)
[[nodiscard]] result<std::optional<config_file>> load_config(const std::string& path);

struct found_entry
{
    std::string value, where; /**< "path:line" */
};
/// The first entry that matches, files and sections in order: files first the user's, then the system's.
[[nodiscard]] std::optional<found_entry> find_entry(const std::vector<config_file>& files, base::bytes_view host,
                                                    base::bytes_view key);

/// Lists of patterns as one text, and back.
[[nodiscard]] std::string join_patterns(const std::vector<std::string>& patterns);
[[nodiscard]] std::vector<std::string> split_patterns(base::bytes_view joined);
/// Could it match a host's name or address? (without brackets, port and scheme)
[[nodiscard]] bool is_host_pattern(base::bytes_view text) noexcept;

/// Names of all settings.
[[nodiscard]] const std::vector<std::string>& config_keys();

} // namespace winrm::cli
