// Sealing with the keys of a Kerberos context and without any Kerberos library: RFC 4121 (AES) and RFC 4757 (RC4).
#pragma once

#include "auth/krb5/keys.h"
#include "auth/message_sealer.h"
#include "base/secret.h"

#include <cstdint>
#include <memory>

namespace winrm::auth::krb5 {

enum class role { initiator, acceptor };

/// What gss_krb5_export_lucid_sec_context gives.
struct context_values
{
    int protocol = 1;         ///< 0: RFC 1964 and 4757, 1: RFC 4121
    std::int32_t enctype = 0; ///< number of `key`'s encryption type
    base::secret key;         ///< the acceptor's subkey where there is one, else the context's key
    bool acceptor_subkey = false;
    role own = role::initiator;
    std::uint64_t send_sequence = 0; ///< of the next message out
    /// Expected next. MIT's export says the first one of the context: add one for each MIC that was verified before.
    std::uint64_t receive_sequence = 0;
};

/// nullptr: an enctype that is not ours, a key of another size, a protocol that does not go with it, or RC4 where
/// OpenSSL gives no MD5 (FIPS mode). `random` is asked for each message's confounder.
[[nodiscard]] std::unique_ptr<message_sealer> make_sealer(const context_values& values, random_source random);

} // namespace winrm::auth::krb5
