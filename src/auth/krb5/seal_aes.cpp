#include "auth/krb5/sealers.h"

#include "crypto/digest.h"

#include <algorithm>

namespace winrm::auth::krb5 {
namespace {

constexpr unsigned char sent_by_acceptor = 0x01; // RFC 4121 4.2.2
constexpr unsigned char is_sealed = 0x02;
constexpr unsigned char with_acceptor_subkey = 0x04;
constexpr unsigned char known_flags = 0x07;
constexpr std::uint32_t usage_acceptor_seal = 22; // RFC 4121 2
constexpr std::uint32_t usage_initiator_seal = 24;
constexpr std::size_t confounder_size = aes_cts::block;

role other(role r) noexcept { return r == role::initiator ? role::acceptor : role::initiator; }

std::size_t read_16(std::span<const unsigned char> at) noexcept { return static_cast<std::size_t>(at[0] << 8 | at[1]); }

std::uint64_t read_64(std::span<const unsigned char> at) noexcept
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | at[i];
    return value;
}

} // namespace

aes_sealer::aes_sealer(const context_values& values, enctype type, random_source random)
    : sealer_base(values, std::move(random)), mac_size_(mac_size(type)), strong_(values.key.reveal().size() == 32),
      encrypt_then_mac_(type == enctype::aes128_cts_hmac_sha256_128 || type == enctype::aes256_cts_hmac_sha384_192),
      acceptor_subkey_(values.acceptor_subkey), out_(make_keys(values, type, own_, true)),
      in_(make_keys(values, type, other(own_), false))
{}

aes_sealer::keys aes_sealer::make_keys(const context_values& values, enctype type, role sender, bool encrypt)
{
    const std::uint32_t usage = sender == role::initiator ? usage_initiator_seal : usage_acceptor_seal;
    const base::secret encryption = derive_key(type, values.key.reveal(), usage, key_purpose::encryption);
    const base::secret integrity = derive_key(type, values.key.reveal(), usage, key_purpose::integrity);
    const base::bytes_view text = encryption.reveal();
    digest kind = digest::sha1;
    if (type == enctype::aes128_cts_hmac_sha256_128) kind = digest::sha256;
    if (type == enctype::aes256_cts_hmac_sha384_192) kind = digest::sha384;
    return {aes_cts({reinterpret_cast<const unsigned char*>(text.data()), text.size()}, encrypt),
            hmac(kind, integrity.reveal())};
}

seal_room aes_sealer::room(std::size_t) const noexcept { return {header_size + rotation() + confounder_size, 0}; }

aes_sealer::header aes_sealer::make_header(unsigned char flags, std::uint64_t sequence) const noexcept
{
    header out{0x05, 0x04, flags, 0xff, 0, 0, 0, 0};
    for (std::size_t i = 0; i < 8; ++i) out[8 + i] = static_cast<unsigned char>(sequence >> (56 - 8 * i));
    return out;
}

/// Over everything but the code itself; RFC 8009 5 puts the zero IV in front of the cipher text.
hmac::value aes_sealer::mac_of(hmac& mac, octets most, std::span<const unsigned char> last) const
{
    static constexpr std::array<unsigned char, aes_cts::block> iv{};
    mac.begin();
    if (encrypt_then_mac_) mac.add(iv);
    mac.add(most);
    mac.add(last);
    return mac.end();
}

// Rotated token: header | encrypted header copy | code | encrypted confounder and data. The header copy is the end of
// the encrypted text, so its place in front is where it can be encrypted without room behind the data.
void aes_sealer::seal_octets(octets token)
{
    unsigned char flags = is_sealed;
    if (own_ == role::acceptor) flags |= sent_by_acceptor;
    if (acceptor_subkey_) flags |= with_acceptor_subkey;
    header head = make_header(flags, send_);

    const auto copy = token.subspan<header_size, aes_cts::block>();
    const octets code = token.subspan(header_size + aes_cts::block, mac_size_);
    const octets text = token.subspan(header_size + rotation());
    std::copy(head.begin(), head.end(), copy.begin()); // EC 0, RRC still 0 (RFC 4121 4.2.4)
    random_(text.first(confounder_size));

    hmac::value mac{};
    if (!encrypt_then_mac_) mac = mac_of(out_.mac, text, copy);
    out_.cipher.crypt(text, copy);
    if (encrypt_then_mac_) mac = mac_of(out_.mac, text, copy);
    std::copy_n(mac.begin(), mac_size_, code.begin());
    head[7] = static_cast<unsigned char>(rotation());
    std::copy(head.begin(), head.end(), token.begin());
}

seal_failure aes_sealer::check_header(octets token) const noexcept
{
    if (token.size() < header_size + rotation() + confounder_size) return seal_failure::malformed;
    if (token[0] != 0x05 || token[1] != 0x04 || token[3] != 0xff) return seal_failure::wrong_token;
    const unsigned char flags = token[2];
    if ((flags & is_sealed) == 0 || (flags & ~known_flags) != 0) return seal_failure::wrong_token;
    if (((flags & sent_by_acceptor) != 0) != (own_ == role::initiator)) return seal_failure::wrong_direction;
    if (((flags & with_acceptor_subkey) != 0) != acceptor_subkey_) return seal_failure::wrong_key;
    if (read_64(token.subspan(8)) != receive_) return seal_failure::out_of_sequence;
    const std::size_t filler = read_16(token.subspan(4));
    if (filler > token.size() - header_size - rotation() - confounder_size) return seal_failure::malformed;
    return seal_failure::none;
}

/// Decrypts a token rotated as ours are; true if its code is right.
bool aes_sealer::open(octets token)
{
    const auto copy = token.subspan<header_size, aes_cts::block>();
    const octets code = token.subspan(header_size + aes_cts::block, mac_size_);
    const octets text = token.subspan(header_size + rotation());
    hmac::value mac{};
    if (encrypt_then_mac_) mac = mac_of(in_.mac, text, copy);
    else {
        in_.cipher.crypt(text, copy);
        mac = mac_of(in_.mac, text, copy);
    }
    if (!crypto::equal_secret({reinterpret_cast<const char*>(mac.data()), mac_size_},
                              {reinterpret_cast<const char*>(code.data()), mac_size_}))
        return false;
    if (encrypt_then_mac_) in_.cipher.crypt(text, copy);
    // The copy proves the header: equal but for RRC, which may be changed on the way and is 0 in the copy.
    token[6] = token[7] = 0;
    return std::equal(copy.begin(), copy.end(), token.begin());
}

sealer_base::found aes_sealer::unseal_octets(octets token)
{
    found out;
    out.failed = check_header(token);
    if (out.failed != seal_failure::none) return out;
    const octets body = token.subspan(header_size);
    const std::size_t rotated = read_16(token.subspan(6)) % body.size();
    if (rotated != rotation()) { // to where ours would be: RRC 0 has header copy and code behind the data
        const std::size_t left = (rotated + body.size() - rotation()) % body.size();
        std::rotate(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(left), body.end());
    }
    const std::size_t filler = read_16(token.subspan(4));
    if (!open(token)) {
        out.failed = seal_failure::bad_mac;
        return out;
    }
    out.at = header_size + rotation() + confounder_size;
    out.size = token.size() - out.at - filler;
    out.pad = filler;
    return out;
}

} // namespace winrm::auth::krb5
