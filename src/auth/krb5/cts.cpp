#include "auth/krb5/cts.h"

#include "base/secret.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <cstring>

namespace winrm::auth::krb5 {
namespace {

constexpr std::array<unsigned char, aes_cts::block> zero{};
/// OpenSSL counts in int; a multiple of the block.
constexpr std::size_t piece = std::size_t{1} << 30;

void must(bool done)
{
    // With the key set nothing here can fail but memory: and a text left half encrypted must never be sent.
    if (!done) std::abort();
}

} // namespace

void aes_cts::free_context::operator()(evp_cipher_ctx_st* context) const noexcept { EVP_CIPHER_CTX_free(context); }

aes_cts::aes_cts(std::span<const unsigned char> key, bool encrypt)
    : chain_(EVP_CIPHER_CTX_new()), single_(EVP_CIPHER_CTX_new()), encrypt_(encrypt)
{
    assert(key.size() == 16 || key.size() == 32);
    const bool large = key.size() == 32;
    must(chain_ && single_);
    must(EVP_CipherInit_ex(chain_.get(), large ? EVP_aes_256_cbc() : EVP_aes_128_cbc(), nullptr, key.data(),
                           zero.data(), encrypt ? 1 : 0) == 1);
    must(EVP_CipherInit_ex(single_.get(), large ? EVP_aes_256_ecb() : EVP_aes_128_ecb(), nullptr, key.data(), nullptr,
                           encrypt ? 1 : 0) == 1);
    must(EVP_CIPHER_CTX_set_padding(chain_.get(), 0) == 1);
    must(EVP_CIPHER_CTX_set_padding(single_.get(), 0) == 1);
}

void aes_cts::bulk(std::span<unsigned char> text)
{
    must(EVP_CipherInit_ex(chain_.get(), nullptr, nullptr, nullptr, zero.data(), -1) == 1);
    while (!text.empty()) {
        const std::size_t now = std::min(text.size(), piece);
        int made = 0;
        must(EVP_CipherUpdate(chain_.get(), text.data(), &made, text.data(), static_cast<int>(now)) == 1);
        must(static_cast<std::size_t>(made) == now);
        text = text.subspan(now);
    }
}

void aes_cts::one_block(unsigned char* text)
{
    int made = 0;
    must(EVP_CipherUpdate(single_.get(), text, &made, text, static_cast<int>(block)) == 1 && made == block);
}

void aes_cts::crypt(std::span<unsigned char> most, std::span<unsigned char, block> last)
{
    assert(most.size() >= block);
    // The end that is not simply chained: a whole block and 1 to 16 bytes, `part`, of the last one.
    const std::size_t part = (most.size() - 1) % block + 1;
    const std::size_t chained = most.size() - part;
    unsigned char* const end = most.data() + chained;
    std::array<unsigned char, 2 * block> tail{};
    std::memcpy(tail.data(), end, part);
    std::memcpy(tail.data() + part, last.data(), block);
    std::array<unsigned char, block> previous = zero;
    if (!encrypt_ && chained > 0) std::memcpy(previous.data(), end - block, block);
    bulk(most.first(chained));
    if (encrypt_ && chained > 0) std::memcpy(previous.data(), end - block, block);

    unsigned char* const a = tail.data();
    unsigned char* const b = tail.data() + block;
    if (encrypt_) {
        for (std::size_t i = 0; i < block; ++i) a[i] ^= previous[i];
        one_block(a);
        for (std::size_t i = 0; i < block; ++i) b[i] ^= a[i]; // zeros behind the part
        one_block(b);
        std::swap_ranges(a, b, b); // CS3: the last two blocks change places, the part is the end
    } else {
        one_block(a);
        for (std::size_t i = part; i < block; ++i) b[i] = a[i];
        for (std::size_t i = 0; i < block; ++i) a[i] ^= b[i];
        one_block(b);
        for (std::size_t i = 0; i < block; ++i) b[i] ^= previous[i];
        std::swap_ranges(a, b, b);
    }
    std::memcpy(end, tail.data(), part);
    std::memcpy(last.data(), tail.data() + part, block);
    base::wipe(tail.data(), tail.size());
}

} // namespace winrm::auth::krb5
