// Has this login been seen before? Pure: time comes in.
#pragma once

#include "crypto/digest.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <set>

namespace winrm::auth::krb5 {

/// A Kerberos login can be sent again by whoever saw it, for as long as its time stamp holds (RFC 4120 3.2.3). One that
/// was seen without TLS would log in over TLS, where bodies need not be sealed; so each is taken once.
/// It is known by what nobody without the key can change or choose: the initiator's subkey and first sequence number.
class replay_guard
{
public:
    using clock = std::chrono::steady_clock;
    /// Twice the largest clock skew that is common, and more than MIT's default of five minutes.
    static constexpr std::chrono::minutes memory{20};
    /// Each costs about 100 bytes. With more logins than that in the time, the oldest are forgotten.
    static constexpr std::size_t most = 100'000;

    /// false: it has been here before. Otherwise it is remembered.
    /// @param login  key and numbers of one context; only a keyed digest of it is kept
    [[nodiscard]] bool fresh(base::bytes_view login, clock::time_point now);
    [[nodiscard]] std::size_t size() const noexcept { return seen_.size(); }

private:
    struct entry
    {
        clock::time_point at;
        crypto::keyed_digest::value digest;
    };
    crypto::keyed_digest digest_;
    std::deque<entry> order_;
    std::set<crypto::keyed_digest::value> seen_;
};

} // namespace winrm::auth::krb5
