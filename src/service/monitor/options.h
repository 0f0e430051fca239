// The command line of winrmd.
#pragma once

#include "service/monitor/settings.h"

#include <optional>
#include <string>

namespace winrm::service::monitor {

enum class action { serve, check, test_server, passwd, help, version, wrong };

struct options
{
    action what = action::serve;
    std::string config = "/etc/winrmd/winrmd.toml";
    bool config_given = false;
    bool http = false;                    ///< --test-server without TLS
    std::optional<listen_address> listen; ///< --test-server
    std::string as;                       ///< --test-server as root: account
    std::string keytab;                   ///< --test-server: lets principals log in by Kerberos
    std::string pwsh;                     ///< --test-server: PowerShell's program
    std::string user;                     ///< passwd
    std::string file;                     ///< passwd: of NTLM accounts; "" = the configuration's
    int password_fd = 0;                  ///< passwd
    bool remove = false;                  ///< passwd: instead of a new password
    std::string problem;                  ///< with `wrong`: the reason, one line
};

/// Never exits; `wrong` says why.
[[nodiscard]] options parse_options(int argc, char** argv);
extern const char* const usage_text;

} // namespace winrm::service::monitor
