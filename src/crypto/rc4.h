// RC4, because NTLM and old Kerberos (enctype 23) seal with it. Broken as a cipher: use it for nothing else.
#pragma once

#include "crypto/secret_128.h"

#include <memory>
#include <span>

namespace winrm::crypto {

/// A key stream that goes on from call to call. Wiped when it goes.
class rc4
{
public:
    explicit rc4(base::bytes_view key); ///< 1 to 256 bytes
    rc4(rc4&&) noexcept;
    rc4& operator=(rc4&&) noexcept;
    ~rc4();

    /// Encrypts or decrypts in place.
    void apply(std::span<char> data) noexcept;
    /// A second stream at the same place: MS-SPNG 3.3.5.1 wants the state of before a signature back.
    [[nodiscard]] rc4 clone() const;

private:
    struct state;
    explicit rc4(std::unique_ptr<state> made) noexcept;
    std::unique_ptr<state> state_;
};

} // namespace winrm::crypto
