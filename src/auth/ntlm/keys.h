// The computations of NTLMv2 (MS-NLMP 3.3.2, 3.4.5). Names are those of the specification.
#pragma once

#include "crypto/secret_128.h"

#include <array>
#include <cstdint>
#include <optional>

namespace winrm::auth::ntlm {

using crypto::secret_128;
using challenge_bytes = std::array<char, 8>;

enum class role { client, server };

/// NTOWFv1: MD4 of the password in UTF-16LE. nullopt if it is not UTF-8.
[[nodiscard]] std::optional<secret_128> nt_hash(base::bytes_view password);
/// NTOWFv2 = ResponseKeyNT. User and domain in UTF-16LE; the user in any case, the domain exactly as it is sent.
[[nodiscard]] secret_128 response_key(const secret_128& nt_hash, base::bytes_view user, base::bytes_view domain);

/// NTLMv2_CLIENT_CHALLENGE (2.2.2.7), "temp" in 3.3.2. `time` in 100 ns since 1601; `pairs` with their end mark.
[[nodiscard]] base::bytes client_challenge(std::uint64_t time, const challenge_bytes& nonce, base::bytes_view pairs);
/// NTProofStr.
[[nodiscard]] secret_128 proof(const secret_128& response_key, const challenge_bytes& server_challenge,
                               base::bytes_view client_challenge);
/// LMv2_RESPONSE, 24 bytes.
[[nodiscard]] base::bytes lmv2_response(const secret_128& response_key, const challenge_bytes& server_challenge,
                                        const challenge_bytes& nonce);
/// SessionBaseKey, which is the KeyExchangeKey too.
[[nodiscard]] secret_128 session_base_key(const secret_128& response_key, const secret_128& proof);
/// RC4K(KeyExchangeKey, key): encrypts a session key, and decrypts it.
[[nodiscard]] secret_128 exchange_key(const secret_128& key_exchange_key, const secret_128& key);

/// MIC over the three messages, the last one with zeros in its place.
[[nodiscard]] secret_128 message_integrity(const secret_128& session_key, base::bytes_view negotiate,
                                           base::bytes_view challenge, base::bytes_view authenticate);

/// SIGNKEY and SEALKEY with extended session security and 128 bits, of what `sender` sends.
[[nodiscard]] secret_128 sign_key(const secret_128& session_key, role sender);
[[nodiscard]] secret_128 seal_key(const secret_128& session_key, role sender);

/// Value of MsvAvChannelBindings: MD5 of gss_channel_bindings_struct (RFC 4121 4.1.1.2) without addresses.
/// @param application_data  RFC 5929: "tls-server-end-point:" and the hash of the server's certificate
[[nodiscard]] secret_128 channel_binding_hash(base::bytes_view application_data);

} // namespace winrm::auth::ntlm
