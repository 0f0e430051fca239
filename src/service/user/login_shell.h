// What an account's login shell says about its rights: all that the account may do, or only what that shell lets it do.
#pragma once

#include <string>
#include <vector>

namespace winrm::service::user {

/// The shells of /etc/shells; the C library's defaults where that file is missing.
[[nodiscard]] std::vector<std::string> listed_shells();

/// May an account with this shell start programs without it? Only if the administrator lists the shell as one for
/// ordinary logins, and it is none of those that are made to refuse or restrict (nologin, false, rbash, git-shell, …),
/// which some systems list, too.
[[nodiscard]] bool is_full_shell(const std::string& shell, const std::vector<std::string>& listed);

} // namespace winrm::service::user
