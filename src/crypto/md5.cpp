#include "crypto/md5.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>

namespace winrm::crypto {
namespace {

// Looked up once: doing it for each message costs more than a short message does.
const EVP_MD* algorithm() noexcept
{
    static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
    return md5;
}

// A digest that was not computed would be equal to every other one that was not.
void must(int result) noexcept
{
    if (result != 1) std::abort();
}

void finish_into(EVP_MD_CTX* context, secret_128& digest)
{
    unsigned int size = 0;
    must(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), &size));
    must(size == secret_128::size ? 1 : 0);
}

EVP_MD_CTX* new_context()
{
    EVP_MD_CTX* const made = EVP_MD_CTX_new();
    if (made == nullptr || algorithm() == nullptr) std::abort();
    return made;
}

} // namespace

bool md5_available() noexcept { return algorithm() != nullptr; }

secret_128 md5(std::initializer_list<base::bytes_view> parts)
{
    EVP_MD_CTX* const context = new_context();
    must(EVP_DigestInit_ex(context, algorithm(), nullptr));
    for (const base::bytes_view part : parts) must(EVP_DigestUpdate(context, part.data(), part.size()));
    secret_128 digest;
    finish_into(context, digest);
    EVP_MD_CTX_free(context);
    return digest;
}

secret_128 hmac_md5(const secret_128& key, std::initializer_list<base::bytes_view> parts)
{
    hmac_md5_stream stream(key);
    for (const base::bytes_view part : parts) stream.update(part);
    return stream.finish();
}

void hmac_md5_stream::context_free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

hmac_md5_stream::context hmac_md5_stream::keyed(const secret_128& key, unsigned char pad)
{
    std::array<unsigned char, 64> block;
    block.fill(pad);
    const base::bytes_view bytes = key.reveal();
    for (std::size_t i = 0; i < bytes.size(); ++i) block[i] ^= static_cast<unsigned char>(bytes[i]);
    context made(new_context());
    must(EVP_DigestInit_ex(made.get(), algorithm(), nullptr));
    must(EVP_DigestUpdate(made.get(), block.data(), block.size()));
    base::wipe(block.data(), block.size());
    return made;
}

hmac_md5_stream::hmac_md5_stream(const secret_128& key)
    : inner_(keyed(key, 0x36)), outer_(keyed(key, 0x5c)), now_(new_context())
{
    must(EVP_MD_CTX_copy_ex(now_.get(), inner_.get()));
}

void hmac_md5_stream::update(base::bytes_view data) { must(EVP_DigestUpdate(now_.get(), data.data(), data.size())); }

secret_128 hmac_md5_stream::finish()
{
    secret_128 digest;
    finish_into(now_.get(), digest);
    must(EVP_MD_CTX_copy_ex(now_.get(), outer_.get()));
    update(digest.reveal());
    finish_into(now_.get(), digest);
    must(EVP_MD_CTX_copy_ex(now_.get(), inner_.get()));
    return digest;
}

} // namespace winrm::crypto
