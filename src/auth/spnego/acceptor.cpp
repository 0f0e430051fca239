#include "auth/spnego/acceptor.h"

#include <utility>

namespace winrm::auth::spnego {

acceptor::acceptor(std::vector<offer> offers) : offers_(std::move(offers)) {}

std::optional<mechanism_kind> acceptor::chosen() const noexcept
{
    if (mechanism_ == nullptr) return std::nullopt;
    return kind_;
}

std::unique_ptr<message_sealer> acceptor::take_sealer()
{
    return phase_ == phase::over && mechanism_done_ ? mechanism_->take_sealer() : nullptr;
}

negotiate_leg acceptor::fail(negotiate_failure failure, login_failure mechanism, base::bytes token)
{
    phase_ = phase::over;
    mechanism_done_ = false;
    if (raw_) return {leg_state::failed, std::move(token), failure, mechanism};
    neg_token_resp out;
    out.state = neg_state::reject;
    if (!token.empty()) out.token = std::move(token);
    return {leg_state::failed, write(out), failure, mechanism};
}

negotiate_leg acceptor::send(neg_token_resp token, leg_state state)
{
    if (!answered_) token.mechanism = oid_;
    answered_ = true;
    if (state == leg_state::done) phase_ = phase::over;
    return {state, write(token)};
}

bool acceptor::choose(mechanism_kind kind)
{
    for (offer& o : offers_) {
        if (o.kind != kind) continue;
        mechanism_ = o.mechanism.get();
        kind_ = kind;
        return true;
    }
    return false;
}

negotiate_leg acceptor::step(base::bytes_view token)
{
    if (phase_ == phase::over) return fail(negotiate_failure::over);
    if (phase_ == phase::waiting) return fail(negotiate_failure::bad_token); // out of turn
    if (++legs_ > max_legs) return fail(negotiate_failure::too_long);
    if (token.size() > max_token) return fail(negotiate_failure::bad_token);
    if (phase_ == phase::start) return begin(token);
    if (raw_) return pass_raw(mechanism_->step(token));

    const auto got = parse_resp(token);
    if (!got) return fail(negotiate_failure::bad_token);
    if (got->state == neg_state::reject) return fail(negotiate_failure::rejected);
    if (phase_ == phase::talking) {
        return got->token ? talk(mechanism_->step(*got->token), got->mic) : fail(negotiate_failure::bad_token);
    }
    if (got->token && !got->token->empty()) return fail(negotiate_failure::bad_token);
    return conclude({}, got->mic);
}

negotiate_leg acceptor::resume()
{
    if (phase_ != phase::waiting) return fail(negotiate_failure::over);
    phase_ = phase::talking;
    if (raw_) return pass_raw(mechanism_->resume());
    return talk(mechanism_->resume(), std::exchange(waiting_mic_, std::nullopt));
}

negotiate_leg acceptor::begin(base::bytes_view token)
{
    phase_ = phase::talking;
    switch (classify(token)) {
    case first_token::raw_ntlm:
    case first_token::raw_kerberos:
        raw_ = true;
        if (!choose(token.front() == 'N' ? mechanism_kind::ntlm : mechanism_kind::kerberos))
            return fail(negotiate_failure::no_common_mechanism);
        return pass_raw(mechanism_->step(token));
    case first_token::negotiate:
        if (const auto init = parse_init(token)) return begin_negotiate(*init);
        break;
    case first_token::unknown: break;
    }
    return fail(negotiate_failure::bad_token);
}

negotiate_leg acceptor::pass_raw(leg got)
{
    if (got.state == leg_state::failed)
        return fail(negotiate_failure::mechanism_failed, got.failed, std::move(got.token));
    if (got.state == leg_state::done) {
        mechanism_done_ = true;
        phase_ = phase::over;
    }
    if (got.state == leg_state::waiting) phase_ = phase::waiting;
    return {got.state, std::move(got.token)};
}

negotiate_leg acceptor::begin_negotiate(const neg_token_init& init)
{
    mech_list_ = init.mech_list;
    std::size_t index = 0;
    for (; index < init.mechanisms.size(); ++index) {
        const auto kind = kind_of(init.mechanisms[index]);
        if (kind && choose(*kind)) break;
    }
    if (mechanism_ == nullptr) return fail(negotiate_failure::no_common_mechanism);
    oid_ = init.mechanisms[index];
    mic_needed_ = index > 0;
    // The first token belongs to the initiator's favourite alone.
    if (index == 0 && init.token) return talk(mechanism_->step(*init.token), init.mic);
    neg_token_resp out;
    out.state = mic_needed_ ? neg_state::request_mic : neg_state::accept_incomplete;
    return send(std::move(out), leg_state::go_on);
}

negotiate_leg acceptor::talk(leg got, const std::optional<base::bytes>& mic)
{
    if (got.state == leg_state::failed)
        return fail(negotiate_failure::mechanism_failed, got.failed, std::move(got.token));
    if (got.state == leg_state::done) {
        mechanism_done_ = true;
        return conclude(std::move(got.token), mic);
    }
    if (got.state == leg_state::waiting) {
        phase_ = phase::waiting;
        waiting_mic_ = mic;
        return {leg_state::waiting, {}};
    }
    if (mic) return fail(negotiate_failure::bad_token); // nobody has keys yet
    neg_token_resp out;
    out.state = neg_state::accept_incomplete;
    out.token = std::move(got.token);
    return send(std::move(out), leg_state::go_on);
}

/// The mechanism is done: RFC 4178 5. Whoever sends its last token signs the list with it.
negotiate_leg acceptor::conclude(base::bytes token, const std::optional<base::bytes>& mic)
{
    if (mic && !mechanism_->verify_mechlist(mech_list_, *mic)) return fail(negotiate_failure::bad_mic);
    if (mic_sent_) { // only the initiator's own was still to come
        if (!mic) return fail(negotiate_failure::missing_mic);
        phase_ = phase::over;
        return {leg_state::done, {}};
    }
    const bool needed = mic_needed_ || mechanism_->needs_mechlist_mic();
    if (needed && !mic && token.empty()) return fail(negotiate_failure::missing_mic);

    neg_token_resp out;
    if (!token.empty()) out.token = std::move(token);
    if (mic || needed) {
        out.mic = mechanism_->sign_mechlist(mech_list_);
        mic_sent_ = true;
    }
    if (mic || !needed) {
        out.state = neg_state::accept_completed;
        return send(std::move(out), leg_state::done);
    }
    phase_ = phase::mic;
    out.state = answered_ ? neg_state::accept_incomplete : neg_state::request_mic;
    return send(std::move(out), leg_state::go_on);
}

} // namespace winrm::auth::spnego
