// The client's end of Negotiate (RFC 4178, MS-SPNG 3.3) over the mechanisms it is given.
#pragma once

#include "auth/spnego/negotiation.h"

#include <optional>

namespace winrm::auth::spnego {

class initiator
{
public:
    /// In the order of liking. A mechanism that cannot begin is passed over where may_fall_back() says so.
    explicit initiator(std::vector<offer> offers);

    /// First with an empty token, then with each of the host's. The first one carries the favourite's own first token.
    [[nodiscard]] negotiate_leg step(base::bytes_view token);

    /// The mechanism in use; nullopt before the first step.
    [[nodiscard]] std::optional<mechanism_kind> chosen() const noexcept;
    /// Why the favourite is not the one in use; none: it is.
    [[nodiscard]] login_failure passed_over() const noexcept { return passed_over_; }
    /// A library's own text of why a mechanism failed, the favourite first; often "".
    [[nodiscard]] const std::string& words() const noexcept { return words_; }
    /// The mechanism's own sentence of the same failure (leg::more), "" where `sentence()` says it all.
    [[nodiscard]] const std::string& more() const noexcept { return more_; }
    /// Its keys, after done.
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer();

private:
    enum class phase { start, first_answer, talking, over };

    negotiate_leg begin();
    negotiate_leg first_answer(const neg_token_resp& answer);
    negotiate_leg answer(const neg_token_resp& answer);
    negotiate_leg conclude(const neg_token_resp& answer, std::optional<base::bytes> token);
    negotiate_leg choose(mechanism_kind kind);
    negotiate_leg rejected(const neg_token_resp& answer);
    negotiate_leg fail(negotiate_failure failure, login_failure mechanism = login_failure::none);
    void keep_words(leg& from);
    negotiate_leg send(neg_token_resp token, leg_state state);

    std::vector<offer> offers_; ///< the first one is in use
    base::bytes mech_list_;
    phase phase_ = phase::start;
    login_failure passed_over_ = login_failure::none;
    std::string words_, more_; ///< of one failure
    bool mechanism_done_ = false;
    bool mic_needed_ = false; ///< the choice was not the favourite, or the host asks for it
    bool mic_sent_ = false;
    int legs_ = 0;
};

} // namespace winrm::auth::spnego
