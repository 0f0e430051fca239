// Which of a host's login schemes would work for this user, and why not the others: rules without network or files.
#pragma once

#include "base/bytes.h"

#include <string>
#include <vector>

namespace winrm::cli {

/// What there is to log in with.
struct login_means
{
    std::string user;               ///< "" = none given
    std::string ticket;             ///< principal of the ticket cache, "" = there is no ticket
    bool keytab = false;            ///< a file with a key was named
    bool password = false;          ///< a source of it was named; else the terminal is asked
    bool tls = true;                ///< how the host is reached
    bool by_address = false;        ///< the host is named by its address
    std::string ntlm_trust;         ///< pattern of trusted_for_ntlm that the host matches
    bool allow_unencrypted = false; ///< for Basic over HTTP
    bool realm = true;              ///< the user names one, or Kerberos here has a default
};

enum class prospect { yes, asks_password, no };
[[nodiscard]] base::bytes_view name(prospect p) noexcept; ///< "yes", "asks_password", "no"

/// One scheme of the host's.
struct scheme_prospect
{
    std::string scheme; ///< as the host spelt it: escape before showing
    prospect works = prospect::no;
    std::string why; ///< by what it works, or why it does not; words without full stop
};

/// Is a ticket of `principal` one of `user`: "ada", "ada@CORP.EXAMPLE", "CORP\ada"? Realms count in either case, and
/// by their first label alone where the user is of a NetBIOS domain. An empty user takes any ticket.
[[nodiscard]] bool ticket_fits(base::bytes_view principal, base::bytes_view user) noexcept;

/// Without the network: that the means are there, not that the host takes them.
[[nodiscard]] std::vector<scheme_prospect> judge(const std::vector<std::string>& offered, const login_means& with);

} // namespace winrm::cli
