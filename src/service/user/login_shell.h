// Whether an account's login shell is a full or a restricted one.
#pragma once

#include <string>
#include <vector>

namespace winrm::service::user {

/// The shells of /etc/shells; the C library's defaults where that file is missing.
[[nodiscard]] std::vector<std::string> listed_shells();

/// May an account with this shell start programs without it? Only if the shell is listed for ordinary logins and is
/// none of those that refuse or restrict (nologin, false, rbash, git-shell, …), which some systems list, too.
[[nodiscard]] bool is_full_shell(const std::string& shell, const std::vector<std::string>& listed);

} // namespace winrm::service::user
