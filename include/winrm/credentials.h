// Who logs in, and how.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace winrm {

/// User and password. The password is wiped when the last copy goes.
class credentials
{
public:
    credentials() = default; ///< none: anonymous requests only (Identify)
    credentials(std::string user, std::string password);
    [[nodiscard]] bool empty() const noexcept { return !state_; }
    [[nodiscard]] std::string_view user() const noexcept;
    /// Lives as long as this value or a copy of it.
    [[nodiscard]] std::string_view password() const noexcept;

private:
    struct state;
    std::shared_ptr<const state> state_;
};

} // namespace winrm
