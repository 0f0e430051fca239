// What a machine says after each token.
#pragma once

#include "auth/ntlm/failure.h"
#include "base/bytes.h"

#include <utility>

namespace winrm::auth::ntlm {

enum class step_state {
    more,           ///< send the token, wait for the peer's
    account_wanted, ///< service only: nothing to send yet, tell the machine of the account
    done,           ///< send the token if there is one; the session is there
    failed          ///< nothing to send: NTLM has no message for it
};

struct step_result
{
    step_state state = step_state::failed;
    base::bytes token;
    failure reason = failure::none;
};

[[nodiscard]] inline step_result failed(failure reason) { return {step_state::failed, {}, reason}; }

} // namespace winrm::auth::ntlm
