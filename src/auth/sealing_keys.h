// What a finished login leaves to whoever seals the bodies of its connection: a value that can go to another process.
#pragma once

#include "base/secret.h"

#include <cstddef>

namespace winrm::auth {

/// Written and read by auth/login/sealing.h alone.
struct sealing_keys
{
    enum class kind : unsigned char { none, ntlm, kerberos };
    /// No blob is longer; whoever takes one from elsewhere checks that first.
    static constexpr std::size_t max_blob = 4096;

    kind what = kind::none; ///< none: bodies stay as they are
    base::secret blob;      ///< session key, sequence numbers, which end we are
};

} // namespace winrm::auth
