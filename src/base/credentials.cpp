#include <winrm/credentials.h>

#include "base/secret.h"

namespace winrm {

std::string_view name(login_scheme scheme) noexcept
{
    switch (scheme) {
    case login_scheme::negotiate: return "negotiate";
    case login_scheme::kerberos: return "kerberos";
    case login_scheme::ntlm: return "ntlm";
    case login_scheme::basic: return "basic";
    }
    return {};
}

struct credentials::state
{
    source from;
    std::string user;
    base::secret password;
    std::string file;
};

credentials::credentials(state made) : state_(std::make_shared<const state>(std::move(made))) {}

credentials::credentials(std::string user, std::string password)
    : credentials(state{source::password, std::move(user), base::secret(std::move(password)), {}})
{}

credentials credentials::ticket_cache(std::string user, std::string cache)
{
    return credentials(state{source::ticket_cache, std::move(user), {}, std::move(cache)});
}

credentials credentials::keytab(std::string user, std::string file)
{
    return credentials(state{source::keytab, std::move(user), {}, std::move(file)});
}

credentials::source credentials::from() const noexcept { return state_ ? state_->from : source::none; }

std::string_view credentials::user() const noexcept
{
    return state_ ? std::string_view(state_->user) : std::string_view();
}

std::string_view credentials::password() const noexcept
{
    return state_ ? state_->password.reveal() : std::string_view();
}

std::string_view credentials::file() const noexcept
{
    return state_ ? std::string_view(state_->file) : std::string_view();
}

} // namespace winrm
