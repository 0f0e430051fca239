#include "auth/krb5/replay_guard.h"

namespace winrm::auth::krb5 {

bool replay_guard::fresh(base::bytes_view login, clock::time_point now)
{
    while (!order_.empty() && (now - order_.front().at > memory || order_.size() >= most)) {
        seen_.erase(order_.front().digest);
        order_.pop_front();
    }
    const crypto::keyed_digest::value digest = digest_.of(login);
    if (!seen_.insert(digest).second) return false;
    order_.push_back({now, digest});
    return true;
}

} // namespace winrm::auth::krb5
