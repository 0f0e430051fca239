// What both ends of Negotiate share: their results and why they fail.
#pragma once

#include "auth/login_mechanism.h"
#include "auth/spnego/tokens.h"

#include <memory>
#include <string_view>
#include <vector>

namespace winrm::auth::spnego {

enum class negotiate_failure {
    none,
    nothing_to_offer,    ///< no mechanism could begin; the mechanism's reason says why the last one could not
    no_common_mechanism, ///< the other end names none of ours, or chose one that was not offered
    mechanism_failed,    ///< the chosen mechanism's reason says why
    rejected,            ///< the other end said reject
    bad_token,           ///< against the rules of RFC 4178
    ended_early,         ///< accept-completed before the mechanism was done
    missing_mic,         ///< the list of mechanisms is not signed where it must be
    bad_mic,             ///< it was changed on its way
    too_long,            ///< still no end after as many tokens as no login takes
    over                 ///< a token after the end
};
[[nodiscard]] constexpr std::string_view name(negotiate_failure failure) noexcept
{
    switch (failure) {
    case negotiate_failure::none: return "none";
    case negotiate_failure::nothing_to_offer: return "nothing_to_offer";
    case negotiate_failure::no_common_mechanism: return "no_common_mechanism";
    case negotiate_failure::mechanism_failed: return "mechanism_failed";
    case negotiate_failure::rejected: return "rejected";
    case negotiate_failure::bad_token: return "bad_token";
    case negotiate_failure::ended_early: return "ended_early";
    case negotiate_failure::missing_mic: return "missing_mic";
    case negotiate_failure::bad_mic: return "bad_mic";
    case negotiate_failure::too_long: return "too_long";
    case negotiate_failure::over: return "over";
    }
    return {};
}

struct negotiate_leg
{
    leg_state state = leg_state::failed;
    base::bytes token; ///< to the peer; empty: nothing is to be sent. With failed: a refusal, may be sent or not
    negotiate_failure failed = negotiate_failure::none;
    login_failure mechanism = login_failure::none; ///< beside mechanism_failed, nothing_to_offer and rejected
};

struct offer
{
    mechanism_kind kind;
    std::unique_ptr<login_mechanism> mechanism;
};

/// Tokens in one direction; the longest login (NTLM after request-mic) takes four.
inline constexpr int max_legs = 8;
/// A Kerberos ticket with a large PAC takes 48 KiB.
inline constexpr std::size_t max_token = 128 * 1024;

} // namespace winrm::auth::spnego
