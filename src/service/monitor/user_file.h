// Password file of a service that cannot or shall not ask PAM: "user:hash" a line, hash as crypt(5) writes it.
#pragma once

#include "base/secret.h"

#include <winrm/result.h>

#include <string>
#include <string_view>

namespace winrm::service::monitor {

/// @param lines  the file's text. Empty lines and lines that begin with '#' are skipped; the first line of a user
/// counts. Takes about the same time whether or not the user is there. Only strong methods count: yescrypt,
/// gost-yescrypt, scrypt, argon2 (where libcrypt has it), bcrypt, sha512crypt.
[[nodiscard]] bool check_user_line(std::string_view lines, const std::string& user, const base::secret& password);

/// "user:hash" with yescrypt and a random salt.
/// @errors bad_argument: user empty, too long, or with ':' or control characters; password empty.
[[nodiscard]] result<std::string> make_user_line(const std::string& user, const base::secret& password);

} // namespace winrm::service::monitor
