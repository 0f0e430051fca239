#include "crypto/rsa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <string>

namespace winrm::crypto {
namespace {

struct free_all
{
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(EVP_PKEY_CTX* p) const noexcept { EVP_PKEY_CTX_free(p); }
    void operator()(BIGNUM* p) const noexcept { BN_free(p); }
    void operator()(OSSL_PARAM_BLD* p) const noexcept { OSSL_PARAM_BLD_free(p); }
    void operator()(OSSL_PARAM* p) const noexcept { OSSL_PARAM_free(p); }
};
template <class T> using owned = std::unique_ptr<T, free_all>;

constexpr unsigned key_bits = 2048;

const unsigned char* octets(base::bytes_view b) { return reinterpret_cast<const unsigned char*>(b.data()); }
unsigned char* octets(base::bytes& b) { return reinterpret_cast<unsigned char*>(b.data()); }

owned<EVP_PKEY> import(const rsa_public_key& key)
{
    const owned<BIGNUM> n{BN_bin2bn(octets(key.modulus), static_cast<int>(key.modulus.size()), nullptr)};
    const owned<BIGNUM> e{BN_new()};
    const owned<OSSL_PARAM_BLD> builder{OSSL_PARAM_BLD_new()};
    if (!n || !e || !builder || BN_set_word(e.get(), key.exponent) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return nullptr;
    const owned<OSSL_PARAM> parameters{OSSL_PARAM_BLD_to_param(builder.get())};
    const owned<EVP_PKEY_CTX> context{EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)};
    EVP_PKEY* made = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    return owned<EVP_PKEY>{made};
}

} // namespace

struct rsa_key_pair::state
{
    owned<EVP_PKEY> key;
};

rsa_key_pair::rsa_key_pair(std::unique_ptr<state> made) noexcept : state_{std::move(made)} {}
rsa_key_pair::rsa_key_pair(rsa_key_pair&&) noexcept = default;
rsa_key_pair& rsa_key_pair::operator=(rsa_key_pair&&) noexcept = default;
rsa_key_pair::~rsa_key_pair() = default;

rsa_key_pair rsa_key_pair::generate()
{
    auto made = std::make_unique<state>();
    made->key.reset(EVP_RSA_gen(key_bits));
    if (!made->key) std::abort();
    return rsa_key_pair{std::move(made)};
}

rsa_public_key rsa_key_pair::public_key() const
{
    rsa_public_key out;
    BIGNUM* n = nullptr;
    BIGNUM* e = nullptr;
    if (EVP_PKEY_get_bn_param(state_->key.get(), OSSL_PKEY_PARAM_RSA_N, &n) != 1) std::abort();
    const owned<BIGNUM> modulus{n};
    if (EVP_PKEY_get_bn_param(state_->key.get(), OSSL_PKEY_PARAM_RSA_E, &e) != 1) std::abort();
    const owned<BIGNUM> exponent{e};
    out.exponent = static_cast<std::uint32_t>(BN_get_word(e));
    out.modulus.resize(static_cast<std::size_t>(BN_num_bytes(n)));
    BN_bn2bin(n, octets(out.modulus));
    return out;
}

std::optional<base::secret> rsa_key_pair::decrypt(base::bytes_view cipher_text) const
{
    const owned<EVP_PKEY_CTX> context{EVP_PKEY_CTX_new(state_->key.get(), nullptr)};
    std::size_t length = key_bits / 8;
    std::string out(length, '\0');
    const bool done =
        context && EVP_PKEY_decrypt_init(context.get()) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_decrypt(context.get(), octets(out), &length, octets(cipher_text), cipher_text.size()) == 1;
    base::secret whole{std::move(out)};
    if (!done) return std::nullopt;
    return base::secret{std::string{whole.reveal().substr(0, length)}};
}

std::optional<base::bytes> rsa_encrypt(const rsa_public_key& to, base::bytes_view clear_text)
{
    const owned<EVP_PKEY> key = import(to);
    if (!key) return std::nullopt;
    const owned<EVP_PKEY_CTX> context{EVP_PKEY_CTX_new(key.get(), nullptr)};
    base::bytes out(to.modulus.size(), '\0');
    std::size_t length = out.size();
    if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_encrypt(context.get(), octets(out), &length, octets(clear_text), clear_text.size()) != 1)
        return std::nullopt;
    out.resize(length);
    return out;
}

} // namespace winrm::crypto
