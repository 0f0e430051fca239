#include "auth/spnego/initiator.h"

#include <algorithm>
#include <cassert>

namespace winrm::auth::spnego {

initiator::initiator(std::vector<offer> offers) : offers_(std::move(offers)) {}

std::optional<mechanism_kind> initiator::chosen() const noexcept
{
    if (phase_ == phase::start || offers_.empty()) return std::nullopt;
    return offers_.front().kind;
}

std::unique_ptr<message_sealer> initiator::take_sealer()
{
    return phase_ == phase::over && mechanism_done_ ? offers_.front().mechanism->take_sealer() : nullptr;
}

negotiate_leg initiator::fail(negotiate_failure failure, login_failure mechanism)
{
    phase_ = phase::over;
    mechanism_done_ = false;
    return {leg_state::failed, {}, failure, mechanism};
}

void initiator::keep_words(leg& from)
{
    if (!words_.empty() || !more_.empty()) return;
    words_ = std::move(from.words);
    more_ = std::move(from.more);
}

negotiate_leg initiator::send(neg_token_resp token, leg_state state)
{
    if (state == leg_state::done) phase_ = phase::over;
    return {state, write(token)};
}

negotiate_leg initiator::step(base::bytes_view token)
{
    if (phase_ == phase::over) return fail(negotiate_failure::over);
    if (++legs_ > max_legs) return fail(negotiate_failure::too_long);
    if (phase_ == phase::start) return token.empty() ? begin() : fail(negotiate_failure::bad_token);
    const auto answer_token = token.size() <= max_token ? parse_resp(token) : std::nullopt;
    if (!answer_token) return fail(negotiate_failure::bad_token);
    if (answer_token->state == neg_state::reject) return rejected(*answer_token);
    if (phase_ == phase::first_answer) return first_answer(*answer_token);
    // RFC 4178 4.2.2: only the first answer may ask for a MIC. A mechanism named again is ignored (MS-SPNG 3.3.5).
    if (answer_token->state == neg_state::request_mic) return fail(negotiate_failure::bad_token);
    return answer(*answer_token);
}

/// The first mechanism that can begin leads the list; those passed over are not in it, so that no host can choose them.
negotiate_leg initiator::begin()
{
    leg first;
    login_failure last = login_failure::not_available;
    while (!offers_.empty()) {
        first = offers_.front().mechanism->step({});
        if (first.state != leg_state::failed) break;
        last = first.failed;
        keep_words(first);
        if (!may_fall_back(last)) return fail(negotiate_failure::mechanism_failed, last);
        if (passed_over_ == login_failure::none) passed_over_ = last;
        offers_.erase(offers_.begin());
    }
    if (offers_.empty()) return fail(negotiate_failure::nothing_to_offer, last);
    mechanism_done_ = first.state == leg_state::done;

    std::vector<base::bytes_view> list;
    for (const offer& o : offers_) list.push_back(oid_of(o.kind));
    neg_token_init token;
    token.mech_list = mech_list_ = make_mech_list(list);
    if (!first.token.empty()) token.token = std::move(first.token);
    phase_ = phase::first_answer;
    return {leg_state::go_on, write(token)};
}

/// A host may say no with the mechanism's own error beside it, which knows the reason.
negotiate_leg initiator::rejected(const neg_token_resp& answer)
{
    login_failure reason = login_failure::none;
    if (answer.token && !mechanism_done_) {
        leg got = offers_.front().mechanism->step(*answer.token);
        keep_words(got);
        if (got.state == leg_state::failed) reason = got.failed;
    }
    return fail(negotiate_failure::rejected, reason);
}

negotiate_leg initiator::first_answer(const neg_token_resp& got)
{
    phase_ = phase::talking;
    if (got.state == neg_state::request_mic) mic_needed_ = true;
    if (!got.mechanism.empty()) {
        const auto kind = kind_of(got.mechanism);
        if (!kind) return fail(negotiate_failure::no_common_mechanism);
        if (*kind != offers_.front().kind) {
            if (got.token || got.mic || got.state == neg_state::accept_completed)
                return fail(negotiate_failure::bad_token);
            return choose(*kind);
        }
    }
    return answer(got);
}

/// The host wants another one of the list: it begins anew with that, and the list is signed in the end, so that nobody
/// between can make the choice.
negotiate_leg initiator::choose(mechanism_kind kind)
{
    const auto found = std::find_if(offers_.begin(), offers_.end(), [&](const offer& o) { return o.kind == kind; });
    if (found == offers_.end()) return fail(negotiate_failure::no_common_mechanism);
    passed_over_ = login_failure::host_chose_other;
    mic_needed_ = true;
    offers_.erase(offers_.begin(), found);
    leg first = offers_.front().mechanism->step({});
    keep_words(first);
    if (first.state == leg_state::failed) return fail(negotiate_failure::mechanism_failed, first.failed);
    mechanism_done_ = first.state == leg_state::done;
    return send({neg_state::accept_incomplete, {}, std::move(first.token), {}}, leg_state::go_on);
}

negotiate_leg initiator::answer(const neg_token_resp& got)
{
    std::optional<base::bytes> reply;
    if (!mechanism_done_) {
        // Without a token the mechanism can get no further, and the host cannot be done with it.
        if (!got.token)
            return fail(got.state == neg_state::accept_completed ? negotiate_failure::ended_early
                                                                 : negotiate_failure::bad_token);
        leg next = offers_.front().mechanism->step(*got.token);
        keep_words(next);
        if (next.state == leg_state::failed) return fail(negotiate_failure::mechanism_failed, next.failed);
        mechanism_done_ = next.state == leg_state::done;
        if (!next.token.empty()) reply = std::move(next.token);
    } else if (got.token && !got.token->empty()) {
        return fail(negotiate_failure::bad_token);
    }
    if (!mechanism_done_) {
        if (got.state == neg_state::accept_completed) return fail(negotiate_failure::ended_early);
        if (got.mic || !reply) return fail(negotiate_failure::bad_token);
        return send({neg_state::accept_incomplete, {}, std::move(reply), {}}, leg_state::go_on);
    }
    return conclude(got, std::move(reply));
}

/// The mechanism is done: RFC 4178 5, who signs the list and when.
negotiate_leg initiator::conclude(const neg_token_resp& got, std::optional<base::bytes> token)
{
    login_mechanism& mechanism = *offers_.front().mechanism;
    if (mechanism.needs_mechlist_mic()) mic_needed_ = true;
    if (got.mic && !mechanism.verify_mechlist(mech_list_, *got.mic)) return fail(negotiate_failure::bad_mic);

    if (got.state == neg_state::accept_completed) {
        if (token) return fail(negotiate_failure::ended_early); // the host has not seen our last token
        if (mic_needed_ && !(got.mic && mic_sent_)) return fail(negotiate_failure::missing_mic);
        phase_ = phase::over;
        return {leg_state::done, {}};
    }
    if (mic_sent_) { // it has all it can get; it may still owe us its own
        return got.mic ? send({neg_state::accept_completed, {}, {}, {}}, leg_state::done)
                       : fail(negotiate_failure::missing_mic);
    }
    neg_token_resp out;
    out.token = std::move(token);
    // Whoever is not done wants a MIC, or our last token; the MIC goes with that where it is needed.
    if (mic_needed_ || !out.token) {
        out.mic = mechanism.sign_mechlist(mech_list_);
        mic_sent_ = true;
    }
    out.state = got.mic ? neg_state::accept_completed : neg_state::accept_incomplete;
    return send(std::move(out), got.mic ? leg_state::done : leg_state::go_on);
}

} // namespace winrm::auth::spnego
