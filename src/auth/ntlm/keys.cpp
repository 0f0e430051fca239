#include "auth/ntlm/keys.h"

#include "auth/ntlm/little_endian.h"
#include "auth/ntlm/upcase.h"
#include "base/text.h"
#include "crypto/md4.h"
#include "crypto/md5.h"
#include "crypto/rc4.h"

#include <string>

namespace winrm::auth::ntlm {
namespace {

base::bytes_view view(const challenge_bytes& bytes) noexcept { return {bytes.data(), bytes.size()}; }

/// "Magic constants" count their terminating NUL (3.4.5.2).
secret_128 derive(const secret_128& key, const char* direction, const char* use)
{
    static constexpr base::bytes_view nul{"\0", 1};
    return crypto::md5({key.reveal(), "session key to ", direction, " ", use, " key magic constant", nul});
}

const char* direction(role sender) noexcept { return sender == role::client ? "client-to-server" : "server-to-client"; }

} // namespace

std::optional<secret_128> nt_hash(base::bytes_view password)
{
    // Short strings leave their bytes behind when they are returned; with the padding none is short.
    constexpr std::size_t padding = 8;
    if (!base::is_utf8(password)) return std::nullopt;
    std::string padded;
    padded.reserve(password.size() + 2 * padding);
    padded.append(password).append(padding, ' ');
    auto wide = base::utf8_to_utf16(padded, base::utf16_order::little);
    const base::secret clear(std::move(padded)), clear_wide(std::move(*wide));
    base::bytes_view units = clear_wide.reveal();
    units.remove_suffix(2 * padding);
    return crypto::md4(units);
}

secret_128 response_key(const secret_128& nt_hash, base::bytes_view user, base::bytes_view domain)
{
    return crypto::hmac_md5(nt_hash, {upcase_utf16(user), domain});
}

base::bytes client_challenge(std::uint64_t time, const challenge_bytes& nonce, base::bytes_view pairs)
{
    base::bytes out("\1\1\0\0\0\0\0\0", 8);
    put_number<8>(out, time);
    out += view(nonce);
    out.append(4, '\0');
    out += pairs;
    out.append(4, '\0');
    return out;
}

secret_128 proof(const secret_128& response_key, const challenge_bytes& server_challenge,
                 base::bytes_view client_challenge)
{
    return crypto::hmac_md5(response_key, {view(server_challenge), client_challenge});
}

base::bytes lmv2_response(const secret_128& response_key, const challenge_bytes& server_challenge,
                          const challenge_bytes& nonce)
{
    const secret_128 response = crypto::hmac_md5(response_key, {view(server_challenge), view(nonce)});
    base::bytes out(response.reveal());
    return out += view(nonce);
}

secret_128 session_base_key(const secret_128& response_key, const secret_128& proof)
{
    return crypto::hmac_md5(response_key, {proof.reveal()});
}

secret_128 exchange_key(const secret_128& key_exchange_key, const secret_128& key)
{
    secret_128 out = key.clone();
    crypto::rc4(key_exchange_key.reveal()).apply({out.data(), secret_128::size});
    return out;
}

secret_128 message_integrity(const secret_128& session_key, base::bytes_view negotiate, base::bytes_view challenge,
                             base::bytes_view authenticate)
{
    return crypto::hmac_md5(session_key, {negotiate, challenge, authenticate});
}

secret_128 sign_key(const secret_128& session_key, role sender)
{
    return derive(session_key, direction(sender), "signing");
}

secret_128 seal_key(const secret_128& session_key, role sender)
{
    return derive(session_key, direction(sender), "sealing");
}

secret_128 channel_binding_hash(base::bytes_view application_data)
{
    base::bytes head(16, '\0'); // types and lengths of two addresses that are not there
    put_number<4>(head, application_data.size());
    return crypto::md5({head, application_data});
}

} // namespace winrm::auth::ntlm
