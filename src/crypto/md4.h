// MD4 (RFC 1320): the NT hash of a password is one, and nothing else is.
#pragma once

#include "crypto/secret_128.h"

namespace winrm::crypto {

[[nodiscard]] secret_128 md4(base::bytes_view data);

} // namespace winrm::crypto
