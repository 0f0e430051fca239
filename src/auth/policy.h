// One object answers every "do we allow this login here". Defaults are safe; loosening has a loud name.
#pragma once

namespace winrm::auth {

/// What becomes of a login's channel binding (RFC 5929) on the service.
enum class binding_policy {
    none,    ///< not looked at
    relaxed, ///< a client that sends one must send the right one
    strict   ///< every client must; where the service has none itself nobody can log in
};

struct policy
{
    bool allow_unencrypted = false; ///< Basic, or clear bodies, over plain HTTP

    [[nodiscard]] bool basic_allowed(bool tls) const noexcept { return tls || allow_unencrypted; }
    /// Where a login has keys for bodies: may one come without them?
    [[nodiscard]] bool clear_body_allowed(bool tls) const noexcept { return tls || allow_unencrypted; }
};

} // namespace winrm::auth
