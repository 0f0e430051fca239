#include "cli/options.h"

namespace winrm::cli {

std::string version_text() { return "winrm (OpenWinRM) " WINRM_VERSION "\n"; }

std::string help_text()
{
    return "Runs commands on other machines by Windows Remote Management.\n"
           "\n"
           "  winrm run HOST [options] -- COMMAND [ARGUMENTS]   run a command; output and exit status come back\n"
           "  winrm ps HOST -c SCRIPT [ARGUMENTS]               run a PowerShell script; objects come back\n"
           "  winrm psrp HOST                                   PowerShell's own transport on stdin and stdout\n"
           "  winrm identify HOST                               is this a WinRM service, and which\n"
           "  winrm shells HOST [--delete ID]                   my shells on the host\n"
           "  winrm explain CODE                                what an error code means and what to do\n"
           "  winrm config show HOST                            the settings for a host and where they come from\n"
           "  winrm clixml [FILE]                               PowerShell's CLIXML as JSON or text, and back\n"
           "  winrm version                                     version of this program\n"
           "\n"
           "One quoted word after -- is safest: several are joined with blanks and read by the shell of the host,\n"
           "unless --skip-cmd-shell is given.\n"
           "\n"
           "HOST: name, user@name, name:port, [v6]:port, https://name:5986/wsman, or a name from the configuration "
           "file.\n"
           "winrm SUBCOMMAND --help lists the options; winrm(1) and winrm-config(5) tell everything.\n";
}

} // namespace winrm::cli
