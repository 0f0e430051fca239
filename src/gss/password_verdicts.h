// What was found out about passwords: one that is wrong is tried once, however many hosts a program logs in to.
#pragma once

#include "base/bytes.h"
#include "crypto/digest.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace winrm::gss {

/// Of logins whose password is checked in one place: by a realm's KDC, or by the domain that the user names. Keeps no
/// password: a keyed digest stands for it, compared in constant time. Any thread.
class password_verdicts
{
public:
    using clock = std::chrono::steady_clock;
    /// How long a wrong password stays so: an administrator may have set the account to it meanwhile.
    static constexpr std::chrono::minutes wrong_for{10};
    static constexpr std::size_t most = 1024; ///< then the oldest are forgotten

    enum class verdict { unknown, right, wrong };
    class entry
    {
    public:
        /// Held by whoever asks while it is unknown, so that others wait for the answer instead of asking as well.
        std::mutex& asking() noexcept { return asking_; }
        [[nodiscard]] verdict known(clock::time_point now = clock::now()) const noexcept;
        void is(verdict found, clock::time_point now = clock::now()) noexcept;

        /// A host says no, which is no verdict of the domain yet: it may lie, or not let the account in. It stands for
        /// that host alone until another one says the same, and counts for nothing while a host lately said yes.
        void refused_by(base::bytes_view host, clock::time_point now = clock::now());
        /// For a login to that host: wrong, too, where it has refused.
        [[nodiscard]] verdict known_at(base::bytes_view host, clock::time_point now = clock::now()) const;

    private:
        friend class password_verdicts;
        crypto::keyed_digest::value digest_{};
        std::mutex asking_;
        std::atomic<verdict> verdict_ = verdict::unknown;
        std::atomic<clock::rep> since_ = 0;
        mutable std::mutex host_mutex_;
        std::string refusing_host_; ///< "" = none
        clock::time_point refused_since_{};
    };

    /// The one of this account and password; made where there is none.
    /// @param account  "ada@CORP.EXAMPLE", "CORP\\ada"
    [[nodiscard]] std::shared_ptr<entry> of(base::bytes_view account, base::bytes_view password);

private:
    std::mutex mutex_;
    crypto::keyed_digest digest_;
    std::vector<std::shared_ptr<entry>> all_; ///< the oldest first
};

} // namespace winrm::gss
