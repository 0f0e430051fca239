#include "service/user/login_shell.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <unistd.h>

namespace winrm::service::user {
namespace {

bool is_restricted_name(std::string_view path)
{
    constexpr std::array<std::string_view, 26> names{
        "nologin", "false",  "true",    "sync",     "shutdown",  "halt",   "poweroff",      "reboot",     "rbash",
        "rdash",   "rksh",   "rksh93",  "rmksh",    "roksh",     "rpdksh", "rzsh",          "rsh",        "rssh",
        "rush",    "lshell", "scponly", "scponlyc", "git-shell", "hg-ssh", "mysecureshell", "sftp-server"};
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

std::vector<std::string> listed_shells()
{
    std::vector<std::string> all;
    ::setusershell();
    while (const char* shell = ::getusershell()) all.emplace_back(shell);
    ::endusershell();
    return all;
}

bool is_full_shell(const std::string& shell, const std::vector<std::string>& listed)
{
    if (std::find(listed.begin(), listed.end(), shell) == listed.end() || is_restricted_name(shell)) return false;
    // A listed name may be a link to a restricted shell. rbash itself is a link to bash, so both names are checked.
    const std::unique_ptr<char, decltype(&std::free)> target{::realpath(shell.c_str(), nullptr), &std::free};
    return !target || !is_restricted_name(target.get());
}

} // namespace winrm::service::user
