// The service's end of Negotiate (RFC 4178, MS-SPNG 3.2) over the mechanisms it is given; takes their raw tokens too.
#pragma once

#include "auth/spnego/negotiation.h"

#include <optional>

namespace winrm::auth::spnego {

class acceptor
{
public:
    /// The initiator's order decides. `offers`: one of each kind at most.
    explicit acceptor(std::vector<offer> offers);

    /// Each of the initiator's tokens. The first one is Negotiate's, or a raw token of NTLM or Kerberos, as some
    /// clients send under the scheme Negotiate: then all of them are.
    [[nodiscard]] negotiate_leg step(base::bytes_view token);
    /// After waiting, once the mechanism has its answer.
    [[nodiscard]] negotiate_leg resume();

    [[nodiscard]] std::optional<mechanism_kind> chosen() const noexcept;
    /// No Negotiate was spoken: nothing protects the choice of the mechanism.
    [[nodiscard]] bool raw() const noexcept { return raw_; }
    /// Its keys, after done.
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer();

private:
    enum class phase { start, talking, waiting, mic, over };

    negotiate_leg begin(base::bytes_view token);
    negotiate_leg begin_negotiate(const neg_token_init& init);
    negotiate_leg pass_raw(leg got);
    negotiate_leg talk(leg got, const std::optional<base::bytes>& mic);
    negotiate_leg conclude(base::bytes token, const std::optional<base::bytes>& mic);
    negotiate_leg send(neg_token_resp token, leg_state state);
    negotiate_leg fail(negotiate_failure failure, login_failure mechanism = login_failure::none,
                       base::bytes token = {});
    [[nodiscard]] bool choose(mechanism_kind kind);

    std::vector<offer> offers_;
    login_mechanism* mechanism_ = nullptr; ///< the chosen one
    mechanism_kind kind_ = mechanism_kind::kerberos;
    base::bytes oid_;                        ///< as the initiator spelt it: Windows must hear the same (MS-SPNG 3.2.5)
    base::bytes mech_list_;                  ///< as sent
    std::optional<base::bytes> waiting_mic_; ///< came with the token that the mechanism still thinks about
    phase phase_ = phase::start;
    bool raw_ = false;
    bool mechanism_done_ = false;
    bool answered_ = false;   ///< the first answer is out: it alone names the mechanism
    bool mic_needed_ = false; ///< the initiator likes another mechanism better
    bool mic_sent_ = false;
    int legs_ = 0;
};

} // namespace winrm::auth::spnego
