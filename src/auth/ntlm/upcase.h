// Upper case of user names, as NTOWFv2 wants it.
#pragma once

#include "base/bytes.h"

namespace winrm::auth::ntlm {

/// UTF-16LE in and out, unit by unit and without a locale, as Windows does: one unit gives one unit, so "ß" stays.
/// An odd last byte is left as it is.
[[nodiscard]] base::bytes upcase_utf16(base::bytes_view text);

} // namespace winrm::auth::ntlm
