// Who logs in, and how.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace winrm {

/// How a login proves who it is.
enum class login_scheme {
    negotiate, ///< Kerberos where it works, else NTLM: what a default Windows host takes
    kerberos,
    ntlm,
    basic ///< the password itself: only over TLS
};
/// "negotiate", "kerberos", "ntlm", "basic". Static storage.
[[nodiscard]] std::string_view name(login_scheme scheme) noexcept;

/// What a login is made with. Passwords are wiped when the last copy goes.
/// User names: "ada", "CORP\\ada", "ada@CORP.EXAMPLE".
class credentials
{
public:
    enum class source { none, password, ticket_cache, keytab };

    credentials() = default; ///< none: anonymous requests only (Identify)
    credentials(std::string user, std::string password);
    /// Kerberos tickets that are there already. user "": whose they are; cache "": the one of the environment, else a
    /// name like "FILE:/tmp/krb5cc_1000".
    [[nodiscard]] static credentials ticket_cache(std::string user = {}, std::string cache = {});
    /// A file with the user's key; user "": the first one in it.
    [[nodiscard]] static credentials keytab(std::string user, std::string file);

    [[nodiscard]] bool empty() const noexcept { return !state_; }
    [[nodiscard]] source from() const noexcept;
    [[nodiscard]] std::string_view user() const noexcept;
    /// "" without one. Lives as long as this value or a copy of it, and so do the others.
    [[nodiscard]] std::string_view password() const noexcept;
    /// Name of the cache or the keytab.
    [[nodiscard]] std::string_view file() const noexcept;

private:
    struct state;
    explicit credentials(state made);
    std::shared_ptr<const state> state_;
};

/// How a login was made.
struct login_facts
{
    std::string scheme;           ///< "Negotiate", "Kerberos", "NTLM", "Basic"; "" = none was made
    std::string mechanism;        ///< that Negotiate chose: "Kerberos", "NTLM"
    std::string service;          ///< that the Kerberos ticket is for: "HTTP/web1.corp@CORP"
    std::string cipher;           ///< of sealed messages: "AES-256", "RC4"
    std::string fell_back_because; ///< why it is not Kerberos, one sentence; ""
    bool sealed = false;    ///< messages are sealed with the keys of the login
    bool tls = false;       ///< and the connection is encrypted
    bool bound = false;     ///< the login holds for this TLS connection alone (channel binding)
    bool delegated = false; ///< the ticket was handed on
    std::uint16_t port = 0;
};

} // namespace winrm
