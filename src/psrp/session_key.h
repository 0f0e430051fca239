// The key that secure strings travel under (MS-PSRP 2.2.2.3, 2.2.2.4, 2.2.5.1.24, 3.1.4.8): the client makes an RSA
// pair, the server an AES key that it sends encrypted. It hides strings from logs and brokers; what protects a
// connection is its TLS or login.
#pragma once

#include "base/secret.h"
#include "base/uuid.h"
#include "clixml/value.h"
#include "crypto/rsa.h"

#include <winrm/result.h>

#include <optional>
#include <string>

namespace winrm::psrp {

class session_key
{
public:
    [[nodiscard]] static session_key random(const base::random_source& source);

    /// Of two ends that speak 2.4 or newer: PowerShell 7.6 then sends secure strings as base64 of UTF-16, not
    /// encrypted.
    [[nodiscard]] static session_key not_encrypted() { return session_key{base::secret{}}; }
    [[nodiscard]] bool encrypts() const noexcept { return !key_.empty(); }

    /// A secure string of UTF-8 text. @errors usage: not UTF-8
    [[nodiscard]] result<clixml::value> protect(base::bytes_view text) const;
    /// UTF-8 text. @errors usage: no secure string; protocol: not of this key
    [[nodiscard]] result<base::secret> reveal(const clixml::value& secure_string) const;

    /// Server: ENCRYPTED_SESSION_KEY for the client whose PUBLIC_KEY this is. @errors protocol: it is none
    [[nodiscard]] result<std::string> encrypt_for(base::bytes_view public_key_text) const;

private:
    friend class key_exchange;
    explicit session_key(base::secret key) : key_{std::move(key)} {}
    base::secret key_; // 32 octets, or none
};

/// The client's part.
class key_exchange
{
public:
    key_exchange() : pair_{crypto::rsa_key_pair::generate()} {}
    /// What PUBLIC_KEY holds.
    [[nodiscard]] std::string public_key_text() const;
    /// @errors protocol: not a session key for this pair
    [[nodiscard]] result<session_key> accept(base::bytes_view encrypted_session_key_text) const;

private:
    crypto::rsa_key_pair pair_;
};

/// Whether secure strings travel without encryption between ends that say these versions ("2.4").
[[nodiscard]] bool without_session_key(base::bytes_view one_version, base::bytes_view other_version) noexcept;

} // namespace winrm::psrp
