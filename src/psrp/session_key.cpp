#include "psrp/session_key.h"

#include "base/base64.h"
#include "base/text.h"
#include "crypto/aes_cbc.h"

#include <algorithm>

namespace winrm::psrp {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t modulus_size = 256;
// PUBLICKEYBLOB: CALG_RSA_KEYX, "RSA1", 2048 bits; then exponent and modulus, little-endian.
constexpr auto public_blob = "\x06\x02\x00\x00\x00\xA4\x00\x00RSA1\x00\x08\x00\x00"sv;
// SIMPLEBLOB: CALG_AES_256 encrypted with CALG_RSA_KEYX; then the cipher text, little-endian.
constexpr auto simple_blob = "\x01\x02\x00\x00\x10\x66\x00\x00\x00\xA4\x00\x00"sv;
// MS-PSRP says nothing of an initial vector: PowerShell has zeros.
constexpr auto no_vector = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv;

base::bytes reversed(base::bytes_view b) { return {b.rbegin(), b.rend()}; }

std::optional<crypto::rsa_public_key> read_public_key(base::bytes_view text)
{
    base::bytes blob;
    if (!base::base64_decode(text, blob)) return std::nullopt;
    if (blob.size() != public_blob.size() + 4 + modulus_size || !blob.starts_with(public_blob)) return std::nullopt;
    crypto::rsa_public_key key;
    for (std::size_t i = 4; i-- > 0;)
        key.exponent = key.exponent << 8U | static_cast<unsigned char>(blob[public_blob.size() + i]);
    key.modulus = reversed(base::bytes_view{blob}.substr(public_blob.size() + 4));
    return key;
}

} // namespace

session_key session_key::random(const base::random_source& source)
{
    std::string key(crypto::aes_256_key_size, '\0');
    source(key.data(), key.size());
    return session_key{base::secret{std::move(key)}};
}

result<clixml::value> session_key::protect(base::bytes_view text) const
{
    auto wide = base::utf8_to_utf16(text, base::utf16_order::little);
    if (!wide) return error{errc::bad_argument, "the text for a secure string is not UTF-8"};
    const base::secret clear{std::move(*wide)};
    if (!encrypts()) return clixml::value{clixml::secure_string{base::base64_encode(clear.reveal())}};
    return clixml::value{clixml::secure_string{
        base::base64_encode(crypto::aes_256_cbc_encrypt(key_.reveal(), no_vector, clear.reveal()))}};
}

result<base::secret> session_key::reveal(const clixml::value& secure_string) const
{
    if (secure_string.what() != clixml::kind::secure_string)
        return error{errc::bad_argument, "this value is no secure string"};
    base::bytes cipher_text;
    if (!base::base64_decode(secure_string.words(), cipher_text))
        return error{errc::protocol, "a secure string is not base64"};
    const auto wide = encrypts() ? crypto::aes_256_cbc_decrypt(key_.reveal(), no_vector, cipher_text)
                                 : std::optional<base::secret>{base::secret{std::move(cipher_text)}};
    if (!wide) return error{errc::protocol, "a secure string is not of this session's key"};
    auto text = base::utf16_to_utf8(wide->reveal(), base::utf16_order::little);
    if (!text) return error{errc::protocol, "a secure string holds no text"};
    return base::secret{std::move(*text)};
}

result<std::string> session_key::encrypt_for(base::bytes_view public_key_text) const
{
    const auto key = read_public_key(public_key_text);
    const auto cipher_text = key ? crypto::rsa_encrypt(*key, key_.reveal()) : std::nullopt;
    if (!cipher_text) return error{errc::protocol, "the client's public key is none"};
    return base::base64_encode(base::bytes{simple_blob} + reversed(*cipher_text));
}

std::string key_exchange::public_key_text() const
{
    const crypto::rsa_public_key key = pair_.public_key();
    base::bytes blob{public_blob};
    for (unsigned shift = 0; shift < 32; shift += 8) blob += static_cast<char>((key.exponent >> shift) & 0xFFU);
    blob += reversed(key.modulus);
    return base::base64_encode(blob);
}

result<session_key> key_exchange::accept(base::bytes_view encrypted_session_key_text) const
{
    base::bytes blob;
    if (base::base64_decode(encrypted_session_key_text, blob) && blob.size() == simple_blob.size() + modulus_size &&
        blob.starts_with(simple_blob)) {
        auto key = pair_.decrypt(reversed(base::bytes_view{blob}.substr(simple_blob.size())));
        if (key && key->reveal().size() == crypto::aes_256_key_size) return session_key{std::move(*key)};
    }
    return error{errc::protocol, "the session key of the host is none for this client"};
}

bool without_session_key(base::bytes_view one_version, base::bytes_view other_version) noexcept
{
    const auto minor = [](base::bytes_view version) {
        return version.starts_with("2.") ? base::parse_unsigned(version.substr(2)).value_or(0) : 0;
    };
    constexpr std::uint64_t first = 4;
    return minor(one_version) >= first && minor(other_version) >= first;
}

} // namespace winrm::psrp
