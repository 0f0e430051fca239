#include "gss/password_verdicts.h"

#include "base/secret.h"

namespace winrm::gss {

password_verdicts::verdict password_verdicts::entry::known(clock::time_point now) const noexcept
{
    const verdict latest = verdict_;
    const clock::time_point since{clock::duration{since_}};
    return latest == verdict::wrong && now - since >= wrong_for ? verdict::unknown : latest;
}

void password_verdicts::entry::is(verdict found, clock::time_point now) noexcept
{
    {
        const std::lock_guard lock(host_mutex_);
        refusing_host_.clear();
    }
    since_ = now.time_since_epoch().count();
    verdict_ = found;
}

void password_verdicts::entry::refused_by(base::bytes_view host, clock::time_point now)
{
    const clock::time_point since{clock::duration{since_}};
    if (verdict_ == verdict::right && now - since < wrong_for) return;
    {
        const std::lock_guard lock(host_mutex_);
        const bool first = refusing_host_.empty() || now - refused_since_ >= wrong_for;
        if (first || refusing_host_ == host) {
            refusing_host_ = host;
            refused_since_ = now;
            return;
        }
    }
    is(verdict::wrong, now);
}

password_verdicts::verdict password_verdicts::entry::known_at(base::bytes_view host, clock::time_point now) const
{
    const std::lock_guard lock(host_mutex_);
    const bool refused = !refusing_host_.empty() && refusing_host_ == host && now - refused_since_ < wrong_for;
    return refused ? verdict::wrong : known(now);
}

std::shared_ptr<password_verdicts::entry> password_verdicts::of(base::bytes_view account, base::bytes_view password)
{
    std::string both = std::to_string(account.size());
    both.reserve(both.size() + 1 + account.size() + password.size()); // no copy is left behind
    both.append(1, ' ').append(account).append(password);
    const base::secret text(std::move(both));
    const auto digest = digest_.of(text.reveal());
    const std::lock_guard lock(mutex_);
    std::shared_ptr<entry> found;
    for (const auto& one : all_) {
        if (crypto::keyed_digest::equal(one->digest_, digest)) found = one;
    }
    if (found) return found;
    if (all_.size() >= most) all_.erase(all_.begin());
    found = all_.emplace_back(std::make_shared<entry>());
    found->digest_ = digest;
    return found;
}

} // namespace winrm::gss
