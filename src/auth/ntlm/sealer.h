// NTLM's session as the sealing of a connection (MS-WSMV 2.2.9.1): the signature stands in front of the text.
#pragma once

#include "auth/message_sealer.h"
#include "auth/ntlm/session.h"

namespace winrm::auth::ntlm {

class sealer final : public message_sealer
{
public:
    /// Of a session with sealing agreed.
    explicit sealer(session keys) : session_(std::move(keys)) {}

    [[nodiscard]] std::string_view cipher() const noexcept override { return "RC4"; }
    [[nodiscard]] seal_room room(std::size_t clear) const noexcept override;
    /// false, too, after 2^32 messages.
    [[nodiscard]] bool seal(std::span<char> token) override;
    /// Our own message come back is bad_mac: each direction has a key of its own.
    [[nodiscard]] unsealed unseal(std::span<char> token) override;

private:
    session session_;
};

} // namespace winrm::auth::ntlm
