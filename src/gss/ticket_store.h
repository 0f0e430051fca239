// Tickets of one user that several logins share: whoever comes first gets them, the others find them.
#pragma once

#include <memory>
#include <mutex>

namespace winrm::gss {

/// Of logins with the same user and the same password, keytab or cache. Made without a look at the library. Any thread;
/// one that waits for a KDC lets the others wait.
class ticket_store
{
    friend class kerberos_initiator;
    std::mutex one_at_a_time_;
    std::shared_ptr<void> latest_; ///< kerberos_initiator's
};

} // namespace winrm::gss
