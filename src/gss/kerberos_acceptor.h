// The host's end of a login by Kerberos: tokens by MIT's library, then sealing elsewhere with the keys alone.
#pragma once

#include "auth/krb5/seal.h"
#include "auth/login_mechanism.h"
#include "auth/policy.h"
#include "gss/acceptor_keys.h"

#include <memory>
#include <optional>
#include <string>

namespace winrm::gss {

struct kerberos_acceptance
{
    std::shared_ptr<acceptor_keys> keys;
    base::bytes channel_binding; ///< RFC 5929 application data of this TLS connection; "" = no TLS
    auth::binding_policy binding = auth::binding_policy::strict;
    /// Without TLS: a client that does not want to be answered is refused, for such a login could be sent again
    /// together with its messages. Whether bodies are sealed is not for us to see: curl and others say that they will
    /// not.
    bool mutual_required = true;
};

/// After done.
struct kerberos_facts
{
    std::string principal; ///< "ada@CORP.EXAMPLE", as the library writes it
    std::string service;   ///< what the ticket is for
    bool bound = false;    ///< the right channel binding was sent
    /// A forwarded ticket as the bytes of a cache file (FILE:), "" = none came.
    base::secret delegated;
};

/// Blocks on nothing but local files. See acceptor_keys about threads.
class kerberos_acceptor final : public auth::login_mechanism
{
public:
    /// Precondition: keys.
    kerberos_acceptor(kerberos_acceptance how, auth::random_source random);
    ~kerberos_acceptor() override;

    /// A failure's token is a KRB-ERROR that says no more than RFC 4120 wants the client to know.
    [[nodiscard]] auth::leg step(base::bytes_view token) override;
    [[nodiscard]] base::bytes sign_mechlist(base::bytes_view list) override;
    [[nodiscard]] bool verify_mechlist(base::bytes_view list, base::bytes_view mic) override;
    /// Instead of take_sealer(): the keys for a process that seals elsewhere, once. nullopt, too, where the login has
    /// been seen before: it must not be taken as one then. Wanted for every login, also if nothing is sealed.
    [[nodiscard]] std::optional<auth::krb5::context_values> hand_over();
    [[nodiscard]] std::unique_ptr<auth::message_sealer> take_sealer() override;
    /// hand_over() or take_sealer() found it to be a repetition.
    [[nodiscard]] bool replayed() const noexcept { return replayed_; }

    /// After done.
    [[nodiscard]] kerberos_facts& facts() noexcept { return facts_; }

private:
    struct state; ///< the library's objects
    auth::leg fail(auth::login_failure reason, std::string words, base::bytes token = {});
    auth::leg conclude(base::bytes token);

    kerberos_acceptance how_;
    auth::random_source random_;
    std::unique_ptr<state> state_;
    kerberos_facts facts_;
    int verified_ = 0; ///< MICs of the client: each took a sequence number
    bool replayed_ = false;
};

} // namespace winrm::gss
