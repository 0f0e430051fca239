// Password file of a service that cannot or shall not ask PAM: "user:hash" a line, hash as crypt(5) writes it.
#pragma once

#include "base/secret.h"

#include <winrm/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace winrm::service::monitor {

inline constexpr std::size_t max_user_file = 1024 * 1024;

/// @param lines  the file's text. Empty lines and lines that begin with '#' are skipped; the first line of a user
/// counts. Takes about the same time whether or not the user exists. Only strong methods are accepted: yescrypt,
/// gost-yescrypt, scrypt, argon2 (where libcrypt has it), bcrypt, sha512crypt. An unusable hash counts as none.
[[nodiscard]] bool check_user_line(std::string_view lines, const std::string& user, const base::secret& password);

/// Is there a line of the form NAME:…?
[[nodiscard]] bool names_anybody(std::string_view lines);

struct user_line_problem
{
    unsigned line = 0; ///< from 1
    std::string user;  ///< whose line it is; "" = unknown
    std::string what;  ///< cause and remedy; nothing of the hash, nor of what may be a password
};
/// form: the hash's syntax. run: libcrypt is tried as well, for a second or two at most, however long the file.
enum class trial { form, run };
/// Unusable lines: no hash, a weak or unknown method, one that this system's libcrypt cannot
/// check, a damaged hash. In the order of the file.
[[nodiscard]] std::vector<user_line_problem> user_file_problems(std::string_view lines, trial how = trial::run);

/// "user:hash" with yescrypt and a random salt.
/// @errors bad_argument: user empty, too long, or with ':' or control characters; password empty.
[[nodiscard]] result<std::string> make_user_line(const std::string& user, const base::secret& password);

} // namespace winrm::service::monitor
