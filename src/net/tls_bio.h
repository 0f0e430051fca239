// An OpenSSL BIO over a view and a string: what OpenSSL has not read is the caller's, what it writes is taken away at
// once, so that a quiet connection holds no buffer (memory BIOs keep the largest they ever had).
#pragma once

#include "base/bytes.h"

#include <openssl/bio.h>

namespace winrm::net {

struct tls_wire
{
    base::bytes_view in; ///< set before OpenSSL is called; always read to its end
    base::bytes out;
};

/// Caller owns the BIO; `wire` must outlive it. nullptr without memory.
[[nodiscard]] BIO* make_wire_bio(tls_wire& wire);

} // namespace winrm::net
