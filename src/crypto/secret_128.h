// Sixteen bytes that are wiped when they go: hashes of passwords, session keys, and the digests they are made of.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

#include <array>
#include <cstddef>

namespace winrm::crypto {

class secret_128
{
public:
    static constexpr std::size_t size = 16;

    secret_128() = default; ///< zeros
    /// The first 16 bytes of `from`, zeros where it is shorter.
    explicit secret_128(base::bytes_view from) noexcept { from.copy(bytes_.data(), size); }
    secret_128(secret_128&& other) noexcept : bytes_(other.bytes_) { other.clear(); }
    secret_128& operator=(secret_128&& other) noexcept
    {
        if (this != &other) {
            bytes_ = other.bytes_;
            other.clear();
        }
        return *this;
    }
    secret_128(const secret_128&) = delete;
    secret_128& operator=(const secret_128&) = delete;
    ~secret_128() { clear(); }

    /// Loud copy, for the few who must.
    [[nodiscard]] secret_128 clone() const noexcept { return secret_128(reveal()); }
    /// Lives as long as this object stays unchanged.
    [[nodiscard]] base::bytes_view reveal() const noexcept { return {bytes_.data(), size}; }
    [[nodiscard]] char* data() noexcept { return bytes_.data(); }
    void clear() noexcept { base::wipe(bytes_.data(), size); }

private:
    std::array<char, size> bytes_{};
};

} // namespace winrm::crypto
