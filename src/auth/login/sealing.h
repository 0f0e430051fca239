// The keys of a finished login as bytes that go to another process, and as the cipher there.
#pragma once

#include "auth/krb5/seal.h"
#include "auth/ntlm/session.h"
#include "auth/sealing_keys.h"

#include <memory>

namespace winrm::auth {

/// `own`: which end seals with them. kind::none where sealing was not agreed.
[[nodiscard]] sealing_keys pack(const ntlm::session_keys& keys, ntlm::role own);
[[nodiscard]] sealing_keys pack(const krb5::context_values& values);

/// nullptr: kind::none, or bytes that pack() never makes, or an encryption type that is not ours.
/// `random`: for the confounders of Kerberos.
[[nodiscard]] std::unique_ptr<message_sealer> make_sealer(const sealing_keys& keys, random_source random);

/// Makes a sealer of each kind and throws it away. OpenSSL looks its algorithms up at their first use, and a process
/// that locks itself in can do so no more afterwards.
void prepare_sealers();

} // namespace winrm::auth
