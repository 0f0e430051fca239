// Tokens on their way from a front to the process that reads them, and back. Reads none itself. Pure: `now` is an
// argument.
#pragma once

#include "base/duration.h"
#include "service/wire/frames.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace winrm::service::monitor {

class token_logins
{
public:
    /// A leg that takes longer has no answer: that process hangs, or has gone.
    static constexpr base::milliseconds longest_step{10'000};

    struct question
    {
        std::uint64_t front = 0;
        wire::login_request request; ///< its token has gone
        base::time_point came;
        /// Whose account the gate has let pass already, because a domain was asked; "" = it has not been asked yet.
        std::string counted{};
    };

    /// A front's token.
    /// @param end_point  of the front's certificate
    /// @param when       it may be looked at, as the gate says
    void ask(std::uint64_t front, wire::login_request&& request, const std::string& end_point, base::time_point now,
             base::time_point when);
    /// Next frame for the process that reads tokens.
    [[nodiscard]] std::optional<wire::token_step> poll_step(base::time_point now);
    /// Whose answer this is; nullopt: nobody waits for it any more.
    [[nodiscard]] std::optional<question> answered(const wire::token_answer& answer);
    /// The answer to ask_account, for the same login.
    /// @param account, session_key  as in wire::token_step
    void resume(question&& q, std::string account, base::secret session_key, base::time_point now);
    /// The connection has ended, or its login is over. @return true: that process may hold something of it
    [[nodiscard]] bool drop(std::uint64_t front, std::uint64_t connection);
    /// All of this front.
    void drop(std::uint64_t front);
    /// That process has gone, and all that it knew. @return whoever waits, and has no answer
    [[nodiscard]] std::vector<question> lost();
    [[nodiscard]] base::time_point deadline() const noexcept; ///< of poll_step() and handle_timeout()
    /// @return those that have waited too long for an answer; that process need not know more of them than drop() says
    [[nodiscard]] std::vector<question> handle_timeout(base::time_point now);
    [[nodiscard]] std::size_t size() const noexcept { return steps_.size(); }

private:
    struct step
    {
        question q;
        std::string token, end_point; ///< until it is sent
        std::string account{};        ///< in place of a token
        base::secret session_key{};
        bool sent = false;
        base::time_point due; ///< to be sent, or answered
    };
    std::map<std::uint64_t, step> steps_;                     ///< one for each connection at most
    std::set<std::pair<std::uint64_t, std::uint64_t>> begun_; ///< logins that the process may know
    std::uint64_t next_ = 1;
};

} // namespace winrm::service::monitor
