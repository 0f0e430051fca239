#include <winrm/credentials.h>

#include "base/secret.h"

namespace winrm {

struct credentials::state
{
    std::string user;
    base::secret password;
};

credentials::credentials(std::string user, std::string password)
    : state_(std::make_shared<const state>(state{std::move(user), base::secret(std::move(password))}))
{}

std::string_view credentials::user() const noexcept
{
    return state_ ? std::string_view(state_->user) : std::string_view();
}

std::string_view credentials::password() const noexcept
{
    return state_ ? state_->password.reveal() : std::string_view();
}

} // namespace winrm
