// The few primitives we need, from OpenSSL.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

#include <array>

namespace winrm::crypto {

/// Remembers what was accepted without keeping it: HMAC-SHA-256 under a key made at construction and known to nobody
/// else.
class keyed_digest
{
public:
    using value = std::array<unsigned char, 32>;
    keyed_digest(); ///< random key; aborts if the system has no randomness
    ~keyed_digest();
    keyed_digest(const keyed_digest&) = delete;
    keyed_digest& operator=(const keyed_digest&) = delete;
    [[nodiscard]] value of(base::bytes_view data) const;
    /// Constant time.
    [[nodiscard]] static bool equal(const value& a, const value& b) noexcept;

private:
    std::array<unsigned char, 32> key_;
};

/// Constant time for equal lengths.
[[nodiscard]] bool equal_secret(base::bytes_view a, base::bytes_view b) noexcept;

} // namespace winrm::crypto
