// The client's end of a login by Kerberos: tokens by MIT's library, then sealing by our own code with the keys alone.
#pragma once

#include "auth/login_mechanism.h"
#include "base/secret.h"
#include "gss/password_verdicts.h"

#include <memory>
#include <string>

namespace winrm::gss {

/// Tickets of one user that several logins share: whoever comes first gets them, the others find them. Made without a
/// look at the library. Any thread; one that waits for a KDC lets the others wait.
class ticket_store
{
public:
    ticket_store();
    ~ticket_store();
    ticket_store(const ticket_store&) = delete;
    ticket_store& operator=(const ticket_store&) = delete;

private:
    friend class kerberos_initiator;
    struct state;
    std::unique_ptr<state> state_;
};

/// Who logs in, and to what. Of password, keytab and cache the first that is given is used.
struct kerberos_login
{
    std::string service;         ///< "HTTP/web1.corp"; with "@REALM" in that one, else where the KDC refers to
    std::string user;            ///< "ada" or "ada@CORP.EXAMPLE"; "": whose the cache or the keytab is
    base::secret password;       ///< a ticket in memory alone; needs `user`
    std::string keytab;          ///< "FILE:…"; the same
    std::string cache;           ///< "FILE:…", "KCM:…"; "": the one of the environment
    base::bytes channel_binding; ///< RFC 5929 application data of this TLS connection; "" = no TLS
    bool delegate = false;       ///< hand on a forwardable ticket, and fail if there is none
    /// Of logins that are the same but for service and binding; nullptr: tickets for this object alone.
    std::shared_ptr<ticket_store> tickets{};
    /// Of all logins of a program; nullptr: each password is sent.
    std::shared_ptr<password_verdicts> verdicts{};
};

/// step() talks to KDCs and blocks until they answer or the library gives up: call it on a worker. No file, library or
/// socket is touched before the first step. One thread at a time.
class kerberos_initiator final : public auth::login_mechanism
{
public:
    explicit kerberos_initiator(kerberos_login login, auth::random_source random);
    ~kerberos_initiator() override;

    [[nodiscard]] auth::leg step(base::bytes_view token) override;
    [[nodiscard]] base::bytes sign_mechlist(base::bytes_view list) override;
    [[nodiscard]] bool verify_mechlist(base::bytes_view list, base::bytes_view mic) override;
    [[nodiscard]] std::unique_ptr<auth::message_sealer> take_sealer() override;

private:
    struct state; ///< the library's objects
    auth::leg fail(auth::login_failure reason);
    auth::leg no_ticket_got();

    kerberos_login login_;
    auth::random_source random_;
    std::unique_ptr<state> state_;
    int verified_ = 0; ///< MICs of the host: each took a sequence number
};

} // namespace winrm::gss
