// What an HTTP answer means when it is not simply a WS-Management reply: one sentence with cause and remedy.
#pragma once

#include "http/client_connection.h"
#include "wsman/message.h"

#include <vector>

namespace winrm::remote {

struct answer_context
{
    base::bytes_view user;   ///< "" where a ticket says who it is
    base::bytes_view scheme; ///< of the login, "" = anonymous request
    bool tls = true;
    base::bytes_view message_id; ///< of the request, "" = do not check RelatesTo
    const base::limits& limits;
    /// This session had a reply to this login before: neither port, password nor AllowUnencrypted is to blame then.
    bool answered_before = false;
    std::vector<login_attempt> tried{}; ///< of the connection's login
};

/// Turns an answer into a reply or says why it is none.
/// @errors login_denied, login_not_offered, not_wsman, http_status, too_large, protocol
[[nodiscard]] result<wsman::incoming_reply> read_answer(http::response&& answer, const answer_context& context);

} // namespace winrm::remote
