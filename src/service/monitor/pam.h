// PAM, as root: passwords in a child made for it, sessions around a user process. Every call may block.
#pragma once

#include "base/secret.h"

#include <memory>
#include <string>
#include <vector>

namespace winrm::service::monitor {

enum class pam_verdict { accepted, wrong_password, account_refused, unavailable };

/// "/etc/pam.d/NAME" if this service has no file, so that PAM silently uses "other"; "" if it has one, or where
/// services are not in files (pam.conf).
[[nodiscard]] std::string missing_pam_file(std::string service);

/// pam_acct_mgmt alone, where the password was checked otherwise: has the account expired, does nologin(5) apply?
[[nodiscard]] pam_verdict pam_account(const std::string& service, const std::string& user, const std::string& peer);

/// pam_authenticate and pam_acct_mgmt. A module that asks for anything but one password gets no answer.
[[nodiscard]] pam_verdict pam_check(const std::string& service, const std::string& user, const base::secret& password,
                                    const std::string& peer);

/// pam_open_session now, pam_close_session when destroyed; both as root.
class pam_session
{
public:
    pam_session(const std::string& service, const std::string& user, const std::string& peer);
    ~pam_session();
    pam_session(const pam_session&) = delete;
    pam_session& operator=(const pam_session&) = delete;
    [[nodiscard]] bool open() const noexcept;
    [[nodiscard]] std::vector<std::string> environment() const; ///< "NAME=value" that modules set

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace winrm::service::monitor
