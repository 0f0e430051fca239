#include "auth/login/first_known_service.h"

#include "auth/login/kerberos_refusal.h"

#include <optional>
#include <utility>

namespace winrm::auth {

first_known_service::first_known_service(std::vector<std::string> names, maker make, std::shared_ptr<std::string> used)
    : names_(std::move(names)), make_(std::move(make)), used_(std::move(used))
{}

leg first_known_service::begin()
{
    std::optional<leg> first;
    for (const auto& name : names_) {
        chosen_ = make_(name);
        if (used_) *used_ = name;
        leg got = chosen_->step({});
        if (used_ && got.state != leg_state::failed && name.find('@') == std::string::npos) {
            if (const auto realm = ticket_realm(got.token); !realm.empty()) *used_ += '@' + realm;
        }
        if (got.state != leg_state::failed || got.failed != login_failure::unknown_service) return got;
        if (!first) first = std::move(got); // its words name what was asked for first
    }
    return first ? std::move(*first) : leg{};
}

leg first_known_service::step(base::bytes_view token)
{
    if (!token.empty()) return chosen_ ? chosen_->step(token) : leg{leg_state::failed, {}, login_failure::bad_token};
    return begin();
}

base::bytes first_known_service::sign_mechlist(base::bytes_view list)
{
    return chosen_ ? chosen_->sign_mechlist(list) : base::bytes();
}
bool first_known_service::verify_mechlist(base::bytes_view list, base::bytes_view mic)
{
    return chosen_ && chosen_->verify_mechlist(list, mic);
}
bool first_known_service::needs_mechlist_mic() const noexcept { return chosen_ && chosen_->needs_mechlist_mic(); }
std::unique_ptr<message_sealer> first_known_service::take_sealer()
{
    return chosen_ ? chosen_->take_sealer() : nullptr;
}

} // namespace winrm::auth
