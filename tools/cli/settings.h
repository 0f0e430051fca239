// What applies to one host, and where each setting comes from: command line, environment, user file, system file,
// default.
#pragma once

#include "cli/config.h"
#include "cli/options.h"

#include <winrm/target.h>

namespace winrm::cli {

template <class T> struct setting
{
    T value{};
    std::string from = "default";
};

struct settings
{
    std::string name; ///< the host as typed, for messages
    setting<std::string> host, user, scheme, auth, ca, path, password_command, password_file;
    setting<std::string> encrypt, keytab, service_name;
    setting<std::string> trusted_for_ntlm; ///< patterns, join_patterns()
    setting<std::uint16_t> port;
    setting<base::milliseconds> connect_timeout, operation_timeout, timeout;
    setting<bool> allow_unencrypted, delegate, compress;
    setting<std::uint32_t> code_page;

    [[nodiscard]] target where() const;
    /// Does nothing say which port or scheme? Then 5986 and 5985 are both tried.
    [[nodiscard]] bool transport_open() const;
    /// The pattern of trusted_for_ntlm that this host matches, by the name typed or by the real one; "" = none.
    [[nodiscard]] std::string ntlm_trust() const;
};

/// Where a setting stands that was given as an option, or with the host.
inline constexpr const char* from_command_line = "command line";

/// The host as messages name it: what stands before the @ may be a password that was typed there by mistake.
[[nodiscard]] std::string shown_host(const options& o);

/// Merges; pure.
/// @errors bad_target, bad_config: an alias that names no host, a path that no URL can have
[[nodiscard]] result<settings> merge_settings(const options& o, const std::vector<config_file>& files);

/// Files of this user: --config alone, else $XDG_CONFIG_HOME/winrm/config.toml and the system's.
/// @errors bad_config; also when the file of --config is not there
[[nodiscard]] result<std::vector<config_file>> load_files(const options& o);

/// Both of the above.
[[nodiscard]] result<settings> load_settings(const options& o);

/// Each setting in one line "key = value   # where", in a fixed order; empty ones are left out.
[[nodiscard]] std::string show(const settings& s);
[[nodiscard]] std::string show_json(const settings& s);

} // namespace winrm::cli
