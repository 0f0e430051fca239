// Checks passwords and accounts, each in a child of its own, and is the only maker of identities.
#pragma once

#include "base/secret.h"
#include "service/monitor/children.h"
#include "service/monitor/identity.h"
#include "service/wire/frames.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace winrm::service::monitor {

enum class backend { pam, user_file, throw_away };

struct login_policy
{
    backend how = backend::pam;
    std::string pam_service, user_file;
    bool account_rules = false;            ///< with a user file: PAM's (expired, closed machine) hold too
    std::vector<std::string> allow_groups; ///< empty = group does not matter
    bool permit_root = false;
    /// The child that checks becomes our program anew: modules of PAM then find nothing of the monitor in its memory.
    bool by_exec = false;
    std::optional<uid_t> only_uid; ///< not as root: nobody else's processes could be started
    base::milliseconds time{30'000};
    std::string throw_away_user; ///< account name that goes with throw_away_password
    base::secret throw_away_password;
};

struct login_result
{
    std::optional<identity> who; ///< set = accepted
    bool unavailable = false;    ///< nothing is said about the password: it could not be checked
    std::string reason;          ///< for the log only; the client hears the same in every case
    std::string detail;          ///< for the log too: which file, and what is wrong with it; mostly empty
    /// ask_domain() alone: the response is right. What the account may do is not decided.
    struct domain_proof
    {
        std::string account;
        base::secret session_key;
    };
    std::optional<domain_proof> proof{};
};

/// What that child does: reads the question, answers, and ends. @return exit status
[[nodiscard]] int run_login_check();

class authenticator
{
public:
    authenticator(io::loop& on, children& family, login_policy policy);
    ~authenticator();
    /// @param done  called once, later, from the loop; never after this object has gone.
    void check(const std::string& user, const base::secret& password, const std::string& peer,
               std::function<void(login_result)> done);
    /// The account's part alone: somebody else has proved the name. Its rules are those of the backend: PAM's where PAM
    /// decides, groups, root.
    /// @param done  as of check()
    void decide(const std::string& user, const std::string& peer, std::function<void(login_result)> done);
    /// The same where a principal of Kerberos is proved: whose account it is, is decided there too (gss::local_name).
    void decide_principal(const std::string& principal, const std::string& peer,
                          std::function<void(login_result)> done);
    /// Asks winbind whether the response is right.
    /// @param done  as of check(); with `proof` in the place of `who`
    void ask_domain(const wire::domain_response& response, std::function<void(login_result)> done);
    /// Hashes once by each method of the machine (of the user file), in a child.
    /// @param done  called once, later, with what the slowest took, at most policy.time; never after this object has
    ///              gone
    void measure(std::function<void(base::milliseconds)> done);
    void set_policy(login_policy policy);
    [[nodiscard]] static int run_child(); ///< run_login_check()

private:
    struct running;
    struct question;
    void ask(const question& q, std::function<void(login_result)> done);
    using ended = std::function<void(int status, const std::string& told)>;
    [[nodiscard]] bool in_child(const std::function<int(std::string& told, int out)>& inside, ended done);
    void finished(std::uint64_t number, int status);
    [[nodiscard]] login_result judge(int status, const std::string& told) const;
    [[nodiscard]] static login_result judge_domain(int status, const std::string& told);

    io::loop& loop_;
    children& children_;
    login_policy policy_;
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, std::unique_ptr<running>> running_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace winrm::service::monitor
