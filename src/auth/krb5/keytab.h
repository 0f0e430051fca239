// A keytab's bytes (MIT's file format, version 2), read without any Kerberos library: whose keys are in it.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

#include <winrm/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace winrm::auth::krb5 {

inline constexpr std::size_t max_keytab = 256 * 1024;

struct keytab_key
{
    std::vector<base::bytes> name; ///< components, one or more: "HTTP", "web1.corp"
    base::bytes realm;
    std::uint32_t name_type = 1; ///< KRB5_NT_PRINCIPAL
    std::uint32_t time = 0;      ///< when it was written, seconds since 1970
    std::uint32_t version = 0;   ///< kvno
    std::int32_t enctype = 0;    ///< as in IANA's list; may be one that nobody has today
    base::secret key;

    /// "HTTP/web1.corp@CORP"; for people: nothing is escaped.
    [[nodiscard]] std::string text() const;
};

/// In the order of the file, holes left out. At most 4096 keys of names with at most 16 parts.
/// @errors bad_config: not a keytab of version 2, cut short, lengths that cannot be; the message says at which byte
[[nodiscard]] result<std::vector<keytab_key>> parse_keytab(base::bytes_view file);

/// The keys of names with two parts of which the first is one of these ("HTTP", "host"; exact case). `services` empty:
/// all keys.
[[nodiscard]] std::vector<keytab_key> keys_of(std::vector<keytab_key> all, const std::vector<std::string>& services);

} // namespace winrm::auth::krb5
