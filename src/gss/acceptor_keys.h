// The keys of a host's services, for all its logins by Kerberos: taken from a keytab's bytes into memory, so that a
// process without files can accept.
#pragma once

#include "auth/krb5/keytab.h"
#include "auth/krb5/replay_guard.h"
#include "base/bytes.h"

#include <winrm/result.h>

#include <memory>
#include <string>
#include <vector>

namespace winrm::gss {

/// One thread at a time, together with the logins that use it.
class acceptor_keys
{
public:
    /// Opens the library, and has it read its configuration: later steps open no file but these again. Keys of other
    /// services than these are left out: a ticket for them is refused. `services` empty: all.
    /// @param replays  of all keys that one process takes one after the other: new keys make no old login new. nullptr:
    /// one of its own
    /// @errors bad_config: no Kerberos library here, not a keytab, or no key of these services
    [[nodiscard]] static result<std::shared_ptr<acceptor_keys>>
    load(base::bytes_view keytab, const std::vector<std::string>& services,
         std::shared_ptr<auth::krb5::replay_guard> replays = nullptr);
    ~acceptor_keys();
    acceptor_keys(const acceptor_keys&) = delete;
    acceptor_keys& operator=(const acceptor_keys&) = delete;

private:
    friend class kerberos_acceptor;
    struct state; ///< the library's objects
    acceptor_keys(std::unique_ptr<state> s, std::shared_ptr<auth::krb5::replay_guard> replays);
    std::unique_ptr<state> state_;
    std::shared_ptr<auth::krb5::replay_guard> replays_;
};

} // namespace winrm::gss
