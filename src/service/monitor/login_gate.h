// Slows guessing down. Pure: `now` is an argument; tables are bounded.
#pragma once

#include "base/duration.h"

#include <map>
#include <string>

namespace winrm::service::monitor {

/// Exponential back-off. Failures are counted for a login (a source with an account), for a source, and for an account.
/// Above a number of free ones each further attempt has to wait, twice as long each time, and attempts made in parallel
/// queue up. The queue of a source moves quickly, and accounts that logged in from there lately ("known") are exempt
/// from it: behind one address there are many people, and one of them who guesses must not keep the others out.
class login_gate
{
public:
    static constexpr std::size_t max_entries = 4096;            ///< of each table; the one longest unused goes
    static constexpr base::milliseconds memory{10 * 60 * 1000}; ///< after the last failure
    static constexpr base::milliseconds first_delay{500}, longest_delay{10'000};
    static constexpr base::milliseconds longest_shared_delay{2'000};    ///< of a source, and of an account
    static constexpr base::milliseconds known_for{24 * 60 * 60 * 1000}; ///< how long a success counts
    static constexpr base::milliseconds longest_wait{20'000}; ///< an attempt whose slot is later is not checked at all

    /// A login is counted in two steps, because a token names its account only at the end; a password is settled at
    /// once.
    ///
    /// First: whoever it may be of. When a token from there may be looked at: `now`, or a short while later where many
    /// have failed. It may be of an account that settle() lets pass, so this takes no slot and keeps nobody out.
    /// @param source  address without port. IPv6 is counted by /64: one host has many addresses.
    [[nodiscard]] base::time_point admit(const std::string& source, base::time_point now) const;
    /// Second: the account is named.
    /// @return when it may be checked; `now` if at once. Reserves that slot, unless it is further away than
    /// longest_wait.
    [[nodiscard]] base::time_point settle(const std::string& source, const std::string& account, base::time_point now);
    /// How many checks may run at once before the outcome of the first is known: as many as may still fail for free,
    /// and always one.
    struct room
    {
        std::size_t login, source;
    };
    [[nodiscard]] room room_for(const std::string& source, const std::string& account, base::time_point now) const;
    /// The same of a source before an account is named.
    [[nodiscard]] std::size_t room_for(const std::string& source, base::time_point now) const;
    /// Has this account logged in from there within known_for?
    [[nodiscard]] bool is_known(const std::string& source, const std::string& account, base::time_point now) const;
    void failed(const std::string& source, const std::string& account, base::time_point now);
    /// It ended without an account: nonsense, or a token that proves nothing.
    void failed(const std::string& source, base::time_point now);
    /// Forgets the failures of this account from this source, in all three counts. What other accounts left at the
    /// source, and other sources at the account, stays: somebody with a password of his own must not be able to wipe
    /// that out.
    void succeeded(const std::string& source, const std::string& account, base::time_point now);
    [[nodiscard]] std::size_t size() const noexcept
    {
        return logins_.size() + sources_.size() + accounts_.size() + known_.size();
    }

private:
    struct entry
    {
        unsigned failures = 0;
        base::time_point last{}, next{};
    };
    using table = std::map<std::string, entry>;
    [[nodiscard]] bool is_known(const std::string& login, base::time_point now) const;
    [[nodiscard]] static std::size_t free_ones(const table& in, const std::string& key, unsigned free,
                                               base::time_point now);
    [[nodiscard]] static base::milliseconds delay_of(unsigned failures, unsigned free, base::milliseconds most);
    static void forgive(table& in, const std::string& key, unsigned failures);
    static void count(table& in, const std::string& key, base::time_point now);
    struct slot
    {
        entry* of = nullptr; ///< nullptr: nothing to wait for
        base::time_point at;
    };
    static slot next_slot(table& in, const std::string& key, unsigned free, base::milliseconds most,
                          base::time_point now);
    table logins_, sources_, accounts_;
    std::map<std::string, base::time_point> known_; ///< login → last success
};

} // namespace winrm::service::monitor
