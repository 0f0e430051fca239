// A login by Kerberos where a host may be known to its realm by one of several names.
#pragma once

#include "auth/login_mechanism.h"

#include <functional>
#include <vector>

namespace winrm::auth {

class first_known_service final : public login_mechanism
{
public:
    using maker = std::function<std::unique_ptr<login_mechanism>(const std::string& service)>;
    /// @param names  the likeliest first; not empty
    /// @param used   is told the name that step() went on with; may be nullptr
    first_known_service(std::vector<std::string> names, maker make, std::shared_ptr<std::string> used);

    /// The first step asks for one after the other, as long as the realm does not know them.
    [[nodiscard]] leg step(base::bytes_view token) override;
    [[nodiscard]] base::bytes sign_mechlist(base::bytes_view list) override;
    [[nodiscard]] bool verify_mechlist(base::bytes_view list, base::bytes_view mic) override;
    [[nodiscard]] bool needs_mechlist_mic() const noexcept override;
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override;

private:
    [[nodiscard]] leg begin();

    std::vector<std::string> names_;
    maker make_;
    std::shared_ptr<std::string> used_;
    std::unique_ptr<login_mechanism> chosen_;
};

} // namespace winrm::auth
