// TLS as bytes in, bytes out (OpenSSL over memory BIOs); both roles. Pure but for OpenSSL's own reading of CA files.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

#include <winrm/result.h>

#include <compare>
#include <memory>
#include <string>
#include <vector>

namespace winrm::net {

struct tls_client_options
{
    /// PEM; empty = the system's CAs (hashed directory, read lazily). Each certificate in the file is trusted as it
    /// stands, a host's own or an intermediate authority's too; of the system's only roots are.
    std::string ca_file;
    bool verify = true; ///< false only by a loud option
    auto operator<=>(const tls_client_options&) const = default;
};

/// Differs when the file that these settings trust (ca_file, else that of SSL_CERT_FILE) is another one than before, or
/// has changed: a context made earlier is out of date then.
[[nodiscard]] std::string trust_version(const tls_client_options& options);

/// Settings, trust and keys of many sessions, one object for all copies.
class tls_context
{
public:
    /// @errors tls: unreadable CA file.  TLS 1.2 at least.
    [[nodiscard]] static result<tls_context> client(const tls_client_options& options);
    /// Certificate chain and key as PEM text (the front has no files).
    [[nodiscard]] static result<tls_context> server(base::bytes_view certificate_pem, const base::secret& key_pem);
    tls_context(const tls_context&) noexcept;
    tls_context(tls_context&&) noexcept;
    tls_context& operator=(const tls_context&) noexcept;
    tls_context& operator=(tls_context&&) noexcept;
    ~tls_context();
    /// Nobody has a copy.
    [[nodiscard]] bool unshared() const noexcept { return impl_.use_count() == 1; }
    struct impl;
    [[nodiscard]] impl& get() const { return *impl_; }

private:
    tls_context();
    std::shared_ptr<impl> impl_;
};

class tls_session
{
public:
    /// @param server_name  for SNI and verification (name or address); empty for the server role.
    tls_session(const tls_context& context, const std::string& server_name);
    tls_session(tls_session&&) noexcept;
    ~tls_session();

    /// Ciphertext from the peer; appends clear bytes to `clear`. Handshake progresses by itself.
    /// @errors tls, certificate (verification failed; says why: name, expired, unknown issuer with its name).
    result<void> received(base::bytes_view cipher, base::bytes& clear);
    /// Clear bytes to send; may be called before the handshake is complete (kept until then, at most a few MB).
    result<void> send(base::bytes_view clear);
    /// Ciphertext for the peer; take it all, then written.
    [[nodiscard]] base::bytes take_output();
    [[nodiscard]] bool has_output() const noexcept;
    [[nodiscard]] bool handshake_done() const noexcept;
    [[nodiscard]] bool peer_closed() const noexcept; ///< close_notify came
    void close();                                    ///< queue close_notify
    /// "TLSv1.3 TLS_AES_256_GCM_SHA384" once the handshake is done, else empty.
    [[nodiscard]] std::string description() const;
    /// What names this connection in a login made over it (RFC 5929 tls-server-end-point): the prefix and the hash of
    /// the server's certificate. A client's, once the handshake is done; else empty.
    [[nodiscard]] base::bytes channel_binding() const;
    /// Starts the client's handshake (first flight into the output).
    result<void> start();

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace winrm::net
