// NTLM as a login_mechanism, alone or inside Negotiate, each end.
#pragma once

#include "auth/login_mechanism.h"
#include "auth/ntlm/client_context.h"
#include "auth/ntlm/server_context.h"

#include <functional>
#include <optional>

namespace winrm::auth::ntlm {

/// 100 ns since 1601 UTC; asked once for each token.
using time_source = std::function<std::uint64_t()>;

/// How Negotiate and the user hear of it.
[[nodiscard]] login_failure as_login_failure(failure reason) noexcept;

/// What both ends do alike once they are done.
class mechanism : public login_mechanism
{
public:
    [[nodiscard]] base::bytes sign_mechlist(base::bytes_view list) final;
    [[nodiscard]] bool verify_mechlist(base::bytes_view list, base::bytes_view mic) final;
    /// nullptr, too, when a mechListMIC was wrong.
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() final;
    /// Instead of take_sealer(): the keys for a process that seals elsewhere (ntlm::session takes them there), once.
    [[nodiscard]] std::optional<session_keys> hand_over();
    /// In NTLM's own words, which are more exact.
    [[nodiscard]] failure reason() const noexcept { return reason_; }

protected:
    [[nodiscard]] leg after(step_result got);

private:
    [[nodiscard]] virtual std::optional<session> take_session() = 0;
    std::optional<session> session_; ///< from done on
    failure reason_ = failure::none;
};

class client_mechanism final : public mechanism
{
public:
    client_mechanism(client_login login, const random_source& random, time_source now);

    [[nodiscard]] leg step(base::bytes_view token) override;
    [[nodiscard]] bool needs_mechlist_mic() const noexcept override { return context_.mic_sent(); }
    [[nodiscard]] const host_names& host() const noexcept { return context_.host(); }

private:
    [[nodiscard]] std::optional<session> take_session() override { return context_.take_session(); }
    client_context context_;
    time_source now_;
};

/// After AUTHENTICATE step() is waiting: look at account() and response(), tell answer(), resume.
class server_mechanism final : public mechanism
{
public:
    server_mechanism(server_options options, const random_source& random, time_source now);

    [[nodiscard]] leg step(base::bytes_view token) override;
    [[nodiscard]] leg resume() override;
    [[nodiscard]] bool needs_mechlist_mic() const noexcept override { return context_.client().mic; }

    /// Whose hash is wanted, and what winbind needs in its place.
    [[nodiscard]] const account_name& account() const noexcept { return context_.account(); }
    [[nodiscard]] response_to_check response() const { return context_.response(); }
    /// Without an answer the account is unknown.
    void answer(account_answer answer) { answer_ = std::move(answer); }
    /// After done.
    [[nodiscard]] const client_facts& client() const noexcept { return context_.client(); }

private:
    [[nodiscard]] std::optional<session> take_session() override { return context_.take_session(); }
    server_context context_;
    time_source now_;
    account_answer answer_;
};

} // namespace winrm::auth::ntlm
