#include "auth/ntlm/mechanism.h"

#include "auth/ntlm/sealer.h"

namespace winrm::auth::ntlm {
namespace {

challenge_bytes draw_challenge(const random_source& random)
{
    challenge_bytes out{};
    random({reinterpret_cast<unsigned char*>(out.data()), out.size()});
    return out;
}

client_random draw(const random_source& random)
{
    client_random out;
    out.challenge = draw_challenge(random);
    random({reinterpret_cast<unsigned char*>(out.session_key.data()), secret_128::size});
    return out;
}

} // namespace

login_failure as_login_failure(failure reason) noexcept
{
    switch (reason) {
    case failure::none: return login_failure::none;
    case failure::unavailable: return login_failure::not_available;
    case failure::out_of_order:
    case failure::not_ntlm:
    case failure::wrong_message:
    case failure::malformed: return login_failure::bad_token;
    case failure::weak:
    case failure::no_target_info:
    case failure::no_timestamp:
    case failure::ntlm_v1:
    case failure::lm_only: return login_failure::too_weak;
    case failure::anonymous: return login_failure::not_available;
    case failure::bad_name:
    case failure::unknown_account: return login_failure::unknown_user;
    case failure::wrong_password: return login_failure::wrong_password;
    case failure::channel_binding_missing:
    case failure::channel_binding_wrong: return login_failure::bad_binding;
    case failure::wrong_target_name: return login_failure::wrong_service;
    case failure::mic_missing:
    case failure::mic_wrong: return login_failure::not_proven;
    }
    return login_failure::other;
}

leg mechanism::after(step_result got)
{
    switch (got.state) {
    case step_state::more: return {leg_state::go_on, std::move(got.token)};
    case step_state::account_wanted: return {leg_state::waiting, {}};
    case step_state::done: session_ = take_session(); return {leg_state::done, std::move(got.token)};
    case step_state::failed: break;
    }
    reason_ = got.reason;
    return {leg_state::failed, {}, as_login_failure(got.reason)};
}

base::bytes mechanism::sign_mechlist(base::bytes_view list)
{
    const auto made = session_ ? session_->sign(list) : std::nullopt;
    return made ? base::bytes(made->begin(), made->end()) : base::bytes();
}

bool mechanism::verify_mechlist(base::bytes_view list, base::bytes_view mic)
{
    return session_ && session_->verify(list, mic);
}

std::unique_ptr<message_sealer> mechanism::take_sealer()
{
    auto taken = std::exchange(session_, std::nullopt);
    if (!taken || taken->broken() || taken->agreed() != protection::sealing) return nullptr;
    return std::make_unique<sealer>(std::move(*taken));
}

std::optional<session_keys> mechanism::hand_over()
{
    auto taken = std::exchange(session_, std::nullopt);
    return taken && !taken->broken() ? taken->hand_over() : std::nullopt;
}

client_mechanism::client_mechanism(client_login login, const random_source& random, time_source now)
    : context_(std::move(login), draw(random)), now_(std::move(now))
{}

leg client_mechanism::step(base::bytes_view token) { return after(context_.step(token, now_())); }

server_mechanism::server_mechanism(server_options options, const random_source& random, time_source now)
    : context_(std::move(options), draw_challenge(random)), now_(std::move(now))
{}

leg server_mechanism::step(base::bytes_view token) { return after(context_.step(token, now_())); }

leg server_mechanism::resume() { return after(context_.resume(std::exchange(answer_, {}))); }

} // namespace winrm::auth::ntlm
