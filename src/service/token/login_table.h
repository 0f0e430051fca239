// The logins by tokens that are under way: one row for each connection of a front, from its first token to the verdict.
// Time, randomness, accounts and keys come in.
#pragma once

#include "auth/message_sealer.h"
#include "base/duration.h"
#include "service/token/token_login.h"
#include "service/wire/frames.h"

#include <map>
#include <memory>
#include <utility>

namespace winrm::service::token {

/// The monitor holds a front to one login per connection. Here are the bounds against what many connections may send:
/// rows, time, and bytes of the tokens that rows keep.
class login_table
{
public:
    /// Of a row after its first leg, but for Kerberos: no NEGOTIATE, and no list of mechanisms, is half as long.
    static constexpr std::size_t most_of_first = 8 * 1024;
    [[nodiscard]] std::size_t most_bytes() const noexcept; ///< of all rows; grows with their greatest number

    login_table(login_rules rules, auth::random_source random, wall_clock wall);

    /// For logins that begin from now on.
    void set(login_rules rules);
    /// One leg. Denied and accepted end the row.
    [[nodiscard]] wire::token_answer step(wire::token_step&& ask, base::time_point now);
    /// Nobody waits any more.
    void drop(const wire::token_drop& which);
    /// When the oldest login has lasted too long; max() = there is none.
    [[nodiscard]] base::time_point deadline() const noexcept;
    void handle_timeout(base::time_point now);

    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    using key = std::pair<std::uint64_t, std::uint64_t>; ///< front, connection
    struct row
    {
        std::string scheme;
        base::time_point until;
        std::size_t bytes = 0;
        std::unique_ptr<token_login> login;
    };
    using rows = std::map<key, row>;
    rows::iterator begin(const wire::token_step& ask, base::time_point now);
    rows::iterator erase(rows::iterator at);

    std::shared_ptr<const login_rules> rules_;
    auth::random_source random_;
    wall_clock wall_;
    rows rows_;
    std::size_t bytes_ = 0;
    base::time_point first_end_ = base::time_point::max(); ///< of a row, or earlier
};

} // namespace winrm::service::token
