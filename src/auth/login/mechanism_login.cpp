#include "auth/login/mechanism_login.h"

#include "auth/clocks.h"
#include "auth/login/kerberos_refusal.h"

#include <utility>

namespace winrm::auth {
namespace {

/// Why Negotiate itself ended it, where no mechanism says so.
login_failure failure_of(const spnego::negotiate_leg& got) noexcept
{
    using enum spnego::negotiate_failure;
    if (got.mechanism != login_failure::none) return got.mechanism;
    switch (got.failed) {
    case no_common_mechanism: return login_failure::host_chose_other;
    case rejected: return login_failure::refused;
    case ended_early:
    case missing_mic:
    case bad_mic: return login_failure::not_proven;
    case bad_token:
    case too_long:
    case over: return login_failure::bad_token;
    default: return login_failure::other;
    }
}

} // namespace

mechanism_login::mechanism_login(options how) : how_(std::move(how)) {}

leg mechanism_login::step(base::bytes_view token)
{
    if (token.empty()) { // whatever came before is void, keys too
        sealing_.reset();
        cipher_ = {};
        done_ = false;
        steps_ = 1;
        tried_.clear();
        bare_.reset();
        if (!how_.bare.empty()) return begin_bare();
        auto offers = how_.offers();
        favourite_ = offers.empty() ? std::nullopt : std::optional(offers.front().kind);
        negotiate_.emplace(std::move(offers));
    } else {
        ++steps_;
    }
    if (!how_.bare.empty()) return step_bare(token);
    if (!negotiate_) return {leg_state::failed, {}, login_failure::bad_token};
    auto got = negotiate_->step(token);
    note_tried(got.state == leg_state::failed ? failure_of(got) : login_failure::none);
    note_clocks(token);
    switch (got.state) {
    case leg_state::go_on:
    case leg_state::waiting: return {got.state, std::move(got.token)};
    case leg_state::done:
    case leg_state::failed: return ended(std::move(got));
    }
    return {};
}

leg mechanism_login::ended(spnego::negotiate_leg&& got)
{
    if (got.state == leg_state::failed) {
        std::string words = negotiate_->words();
        negotiate_.reset();
        std::string more = tried_.empty() ? std::string() : tried_.back().more;
        return {leg_state::failed, std::move(got.token), failure_of(got), std::move(words), std::move(more)};
    }
    auto keys = negotiate_->take_sealer();
    negotiate_.reset();
    return finished(std::move(got.token), std::move(keys));
}

leg mechanism_login::finished(base::bytes&& token, std::unique_ptr<message_sealer> keys)
{
    if (how_.seal) {
        if (!keys) {
            tried_.back().failed = login_failure::too_weak;
            return {leg_state::failed, {}, login_failure::too_weak};
        }
        cipher_ = keys->cipher();
        sealing_ = how_.seal(std::move(keys));
    }
    done_ = true;
    return {leg_state::done, std::move(token)};
}

leg mechanism_login::begin_bare()
{
    auto offers = how_.offers();
    if (offers.empty()) return {leg_state::failed, {}, login_failure::not_available};
    favourite_ = offers.front().kind;
    bare_ = std::move(offers.front().mechanism);
    tried_.push_back({*favourite_});
    return step_bare({});
}

leg mechanism_login::step_bare(base::bytes_view token)
{
    if (!bare_) return {leg_state::failed, {}, login_failure::bad_token};
    leg got = bare_->step(token);
    if (got.state == leg_state::failed) {
        tried_.back() = {*favourite_, got.failed, got.words, got.more};
        note_clocks(token);
        got.more = tried_.back().more;
        bare_.reset();
    }
    if (got.state != leg_state::done) return got;
    auto keys = bare_->take_sealer();
    bare_.reset();
    return finished(std::move(got.token), std::move(keys));
}

/// The favourite that was passed over stands first.
void mechanism_login::note_tried(login_failure latest)
{
    tried_.clear();
    const login_failure before = negotiate_->passed_over();
    const auto now = negotiate_->chosen();
    const auto with_words = [&](mechanism_kind kind, login_failure why) {
        return tried_mechanism{kind, why, negotiate_->words(), negotiate_->more()};
    };
    if (favourite_ && before != login_failure::none) tried_.push_back(with_words(*favourite_, before));
    if (now && (tried_.empty() || *now != *favourite_))
        tried_.push_back(tried_.empty() ? with_words(*now, latest) : tried_mechanism{*now, latest});
    else if (tried_.empty() && favourite_) tried_.push_back(with_words(*favourite_, latest));
}

/// The host's own error names its time, which the library does not pass on.
void mechanism_login::note_clocks(base::bytes_view token)
{
    if (!how_.clock || tried_.empty() || tried_.back().failed != login_failure::clock_skew) return;
    const auto wrapped = how_.bare.empty() ? spnego::parse_resp(token) : std::nullopt;
    if (wrapped && wrapped->token) token = *wrapped->token;
    if (const auto why = read_kerberos_refusal(token)) tried_.back().more = clock_sentence(how_.clock(), why->time);
}

bool mechanism_login::request_may_go() const noexcept
{
    if (how_.seal) return false;
    if (bare_) return favourite_ == mechanism_kind::kerberos;
    return negotiate_ && negotiate_->chosen() == mechanism_kind::kerberos;
}

bool mechanism_login::seal(message& m) { return how_.seal ? sealing_ && sealing_->seal(m) : true; }
bool mechanism_login::unseal(message& m) { return how_.seal ? sealing_ && sealing_->unseal(m) : true; }

} // namespace winrm::auth
