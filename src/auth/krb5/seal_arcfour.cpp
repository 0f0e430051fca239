#include "auth/krb5/sealers.h"
#include "crypto/digest.h"
#include "crypto/rc4.h"

#include <algorithm>

namespace winrm::auth::krb5 {
namespace {

using crypto::secret_128;

// RFC 1964 1.2: an ASN.1 frame with the mechanism's number, then the token. Its length covers all that follows.
constexpr std::array<unsigned char, 11> mechanism{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
/// TOK_ID sealed, SGN_ALG HMAC-MD5, SEAL_ALG RC4, filler (RFC 4757 7.3).
constexpr std::array<unsigned char, 8> start{0x02, 0x01, 0x11, 0x00, 0x10, 0x00, 0xff, 0xff};
constexpr std::size_t sequence_size = 8, code_size = 8, confounder_size = 8, pad_size = 1;
constexpr std::size_t fixed = start.size() + sequence_size + code_size + confounder_size;
constexpr std::array<unsigned char, 4> usage_seal{13, 0, 0, 0}; // RFC 4757 7.3: for GSS_Wrap, little-endian
constexpr std::array<unsigned char, 4> usage_zero{};
/// With the zero at its end (RFC 4757 7.3).
constexpr std::array<unsigned char, 13> signing_label{'s', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', 'k', 'e', 'y', 0};

base::bytes_view view(std::span<const unsigned char> bytes) noexcept
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<char> chars(std::span<unsigned char> bytes) noexcept
{
    return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
}

secret_128 text_key(const secret_128& key)
{
    secret_128 out = key.clone();
    for (std::size_t i = 0; i < secret_128::size; ++i) out.data()[i] = static_cast<char>(out.data()[i] ^ 0xf0);
    return out;
}

/// Bytes of a DER length that says `size`.
std::size_t length_size(std::size_t size) noexcept
{
    std::size_t bytes = 1;
    if (size >= 0x80) {
        for (; size > 0; size >>= 8) ++bytes;
    }
    return bytes;
}

void write_length(std::span<unsigned char> at, std::size_t size) noexcept
{
    if (at.size() == 1) {
        at[0] = static_cast<unsigned char>(size);
        return;
    }
    at[0] = static_cast<unsigned char>(0x80 | (at.size() - 1));
    for (std::size_t i = at.size() - 1; i > 0; --i, size >>= 8) at[i] = static_cast<unsigned char>(size);
}

/// Where the token begins behind its frame; 0 if the frame is not exactly right.
std::size_t frame_size(std::span<const unsigned char> token) noexcept
{
    for (std::size_t bytes = 1; bytes <= 5; ++bytes) {
        const std::size_t frame = 1 + bytes + mechanism.size();
        if (token.size() < frame + fixed + pad_size) return 0;
        const std::size_t inside = token.size() - 1 - bytes;
        if (length_size(inside) != bytes) continue;
        std::array<unsigned char, 5> length{};
        write_length(std::span(length).first(bytes), inside);
        if (token[0] != 0x60 ||
            !std::equal(length.begin(), length.begin() + static_cast<std::ptrdiff_t>(bytes), token.begin() + 1) ||
            !std::equal(mechanism.begin(), mechanism.end(), token.begin() + static_cast<std::ptrdiff_t>(1 + bytes)))
            return 0;
        return frame;
    }
    return 0;
}

void put_sequence(std::span<unsigned char> at, std::uint64_t sequence, role sender) noexcept
{
    for (std::size_t i = 0; i < 4; ++i) at[i] = static_cast<unsigned char>(sequence >> (24 - 8 * i));
    std::fill_n(at.begin() + 4, 4, sender == role::initiator ? 0x00 : 0xff);
}

} // namespace

arcfour_sealer::arcfour_sealer(const context_values& values, random_source random)
    : sealer_base(values, std::move(random)),
      sign_(crypto::hmac_md5(secret_128(values.key.reveal()), {view(signing_label)}))
{
    const secret_128 given(values.key.reveal());
    sequence_key_ = crypto::hmac_md5(given, {view(usage_zero)});
    encryption_key_ = crypto::hmac_md5(text_key(given), {view(usage_zero)});
}

seal_room arcfour_sealer::room(std::size_t clear) const noexcept
{
    const std::size_t inside = mechanism.size() + fixed + clear + pad_size;
    return {1 + length_size(inside) + mechanism.size() + fixed, pad_size};
}

arcfour_sealer::code arcfour_sealer::checksum(std::span<const unsigned char> header,
                                              std::span<const unsigned char> text)
{
    sign_.update(crypto::md5({view(usage_seal), view(header), view(text)}).reveal());
    const secret_128 whole = sign_.finish();
    code out{};
    std::copy_n(whole.reveal().begin(), out.size(), out.begin());
    return out;
}

void arcfour_sealer::crypt_sequence(octets sequence, std::span<const unsigned char> checksum)
{
    crypto::rc4(crypto::hmac_md5(sequence_key_, {view(checksum)}).reveal()).apply(chars(sequence));
}

void arcfour_sealer::crypt_text(octets text, std::uint32_t sequence)
{
    const std::array<unsigned char, 4> number{
        static_cast<unsigned char>(sequence >> 24), static_cast<unsigned char>(sequence >> 16),
        static_cast<unsigned char>(sequence >> 8), static_cast<unsigned char>(sequence)};
    crypto::rc4(crypto::hmac_md5(encryption_key_, {view(number)}).reveal()).apply(chars(text));
}

void arcfour_sealer::seal_octets(octets token)
{
    std::size_t length = 1;
    while (length_size(token.size() - 1 - length) != length) ++length;
    token[0] = 0x60;
    write_length(token.subspan(1, length), token.size() - 1 - length);
    std::copy(mechanism.begin(), mechanism.end(), token.begin() + static_cast<std::ptrdiff_t>(1 + length));

    const octets inner = token.subspan(1 + length + mechanism.size());
    const octets sequence = inner.subspan(start.size(), sequence_size);
    const octets code_place = inner.subspan(start.size() + sequence_size, code_size);
    const octets text = inner.subspan(fixed - confounder_size);
    std::copy(start.begin(), start.end(), inner.begin());
    random_(text.first(confounder_size));
    text.back() = pad_size;
    const code made = checksum(start, text);
    std::copy(made.begin(), made.end(), code_place.begin());
    put_sequence(sequence, send_, own_);
    crypt_sequence(sequence, made);
    crypt_text(text, static_cast<std::uint32_t>(send_));
}

sealer_base::found arcfour_sealer::unseal_octets(octets token)
{
    found out;
    const std::size_t frame = frame_size(token);
    if (frame == 0) return {seal_failure::malformed};
    const octets inner = token.subspan(frame);
    if (!std::equal(start.begin(), start.end(), inner.begin())) return {seal_failure::wrong_token};
    const octets sequence = inner.subspan(start.size(), sequence_size);
    const octets code_place = inner.subspan(start.size() + sequence_size, code_size);
    const octets text = inner.subspan(fixed - confounder_size);

    crypt_sequence(sequence, code_place);
    const role sender = own_ == role::initiator ? role::acceptor : role::initiator;
    std::array<unsigned char, sequence_size> expected{}, mirrored{};
    put_sequence(expected, receive_, sender);
    put_sequence(mirrored, send_, own_);
    crypt_text(text, static_cast<std::uint32_t>(receive_));
    const code made = checksum(start, text);
    const bool right = crypto::equal_secret(view(made), view(code_place));
    if (!std::equal(expected.begin(), expected.end(), sequence.begin())) {
        // Only the direction is plain to see; a number that does not fit comes from a gap or from bytes that were
        // changed.
        out.failed =
            std::equal(mirrored.begin() + 4, mirrored.end(), sequence.begin() + 4)   ? seal_failure::wrong_direction
            : std::equal(expected.begin() + 4, expected.end(), sequence.begin() + 4) ? seal_failure::out_of_sequence
                                                                                     : seal_failure::bad_mac;
        return out;
    }
    if (!right || text.back() != pad_size) return {seal_failure::bad_mac};
    out.at = token.size() - text.size() + confounder_size;
    out.size = text.size() - confounder_size - pad_size;
    out.pad = pad_size;
    return out;
}

} // namespace winrm::auth::krb5
