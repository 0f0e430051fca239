// The bodies of a connection under the keys of its login, both ends: MS-WSMV 2.2.9.1 over any cipher.
#pragma once

#include "auth/body_protection.h"
#include "http/sealed_body.h"

#include <memory>

namespace winrm::http {

class sealing final : public auth::body_protection
{
public:
    /// @param protocol        by the scheme of the login
    /// @param envelope_limit  of a clear body that is opened
    sealing(std::unique_ptr<auth::message_sealer> cipher, sealed_protocol protocol, std::size_t envelope_limit);

    [[nodiscard]] bool seals() const noexcept override { return true; }
    [[nodiscard]] bool seal(auth::message& m) override;
    [[nodiscard]] bool unseal(auth::message& m) override;

private:
    std::unique_ptr<auth::message_sealer> cipher_;
    sealed_protocol protocol_;
    std::size_t limit_;
};

} // namespace winrm::http
