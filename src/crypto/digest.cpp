#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>

namespace winrm::crypto {

keyed_digest::keyed_digest()
{
    if (RAND_priv_bytes(key_.data(), static_cast<int>(key_.size())) != 1) std::abort();
    // OpenSSL looks its algorithms up at the first use; a process that locks itself in later must have done so before.
    static_cast<void>(of({}));
}

keyed_digest::~keyed_digest() { base::wipe(key_.data(), key_.size()); }

keyed_digest::value keyed_digest::of(base::bytes_view data) const
{
    value out{};
    unsigned int size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    static constexpr unsigned char nothing = 0;
    const auto* made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), data.empty() ? &nothing : bytes,
                            data.size(), out.data(), &size);
    // A digest that was not computed would be equal to every other one that was not.
    if (made == nullptr || size != out.size()) std::abort();
    return out;
}

bool keyed_digest::equal(const value& a, const value& b) noexcept
{
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal_secret(base::bytes_view a, base::bytes_view b) noexcept
{
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

} // namespace winrm::crypto
