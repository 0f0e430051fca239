#include "crypto/aes_cbc.h"

#include <openssl/evp.h>

#include <cassert>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string>

namespace winrm::crypto {
namespace {

struct free_context
{
    void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
};
using context = std::unique_ptr<EVP_CIPHER_CTX, free_context>;

const unsigned char* octets(base::bytes_view b) { return reinterpret_cast<const unsigned char*>(b.data()); }
unsigned char* octets(std::string& b) { return reinterpret_cast<unsigned char*>(b.data()); }

} // namespace

base::bytes aes_256_cbc_encrypt(base::bytes_view key, base::bytes_view initial_vector, base::bytes_view clear_text)
{
    assert(key.size() == aes_256_key_size && initial_vector.size() == aes_block_size);
    const context c{EVP_CIPHER_CTX_new()};
    base::bytes out(clear_text.size() + aes_block_size, '\0');
    int first = 0, last = 0;
    if (!c || clear_text.size() > INT_MAX - aes_block_size ||
        EVP_EncryptInit_ex(c.get(), EVP_aes_256_cbc(), nullptr, octets(key), octets(initial_vector)) != 1 ||
        EVP_EncryptUpdate(c.get(), octets(out), &first, octets(clear_text), static_cast<int>(clear_text.size())) != 1 ||
        EVP_EncryptFinal_ex(c.get(), octets(out) + first, &last) != 1)
        std::abort();
    out.resize(static_cast<std::size_t>(first + last));
    return out;
}

std::optional<base::secret> aes_256_cbc_decrypt(base::bytes_view key, base::bytes_view initial_vector,
                                                base::bytes_view cipher_text)
{
    assert(key.size() == aes_256_key_size && initial_vector.size() == aes_block_size);
    if (cipher_text.empty() || cipher_text.size() % aes_block_size != 0 || cipher_text.size() > INT_MAX)
        return std::nullopt;
    const context c{EVP_CIPHER_CTX_new()};
    std::string out(cipher_text.size() + aes_block_size, '\0');
    int first = 0, last = 0;
    const bool done =
        c && EVP_DecryptInit_ex(c.get(), EVP_aes_256_cbc(), nullptr, octets(key), octets(initial_vector)) == 1 &&
        EVP_DecryptUpdate(c.get(), octets(out), &first, octets(cipher_text), static_cast<int>(cipher_text.size())) ==
            1 &&
        EVP_DecryptFinal_ex(c.get(), octets(out) + first, &last) == 1;
    base::secret whole{std::move(out)};
    if (!done) return std::nullopt;
    return base::secret{std::string{whole.reveal().substr(0, static_cast<std::size_t>(first + last))}};
}

} // namespace winrm::crypto
