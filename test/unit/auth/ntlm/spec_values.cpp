// The values of MS-NLMP 4.2 for NTLMv2 (4.2.1, 4.2.4), and of 4.2.2 and 4.2.3 as far as the same primitives make them.
// Left out, because nothing here computes them: LMOWFv1, LMv1 and NTLMv1 responses (DES) and keys made of them, and
// CRC-32 signatures without extended session security. NTLMv1 and LM are refused; that their messages are read, and
// then refused, is tested below.
#include "unit/auth/ntlm/support.h"

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/flags.h"
#include "auth/ntlm/upcase.h"
#include "crypto/md5.h"
#include "crypto/rc4.h"

#include <gtest/gtest.h>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

const std::string user = wide("User"), domain = wide("Domain");
const challenge_bytes server_nonce = nonce(unhex("0123456789abcdef"));
const challenge_bytes client_nonce = nonce(std::string(8, '\xaa'));
const std::string pairs = unhex("02000c0044006f006d00610069006e0001000c00530065007200760065007200"
                                "00000000");
const std::string plain = wide("Plaintext");

secret_128 random_session_key() { return secret_128(std::string(16, '\x55')); }
secret_128 ntowf_v2() { return response_key(*nt_hash("Password"), user, domain); }

TEST(MS_NLMP_4_2_1, common_values)
{
    EXPECT_EQ(hex(user), "5500730065007200");
    EXPECT_EQ(hex(upcase_utf16(user)), "5500530045005200");
    EXPECT_EQ(hex(domain), "44006f006d00610069006e00");
}

TEST(MS_NLMP_4_2_2, NTOWFv1_and_a_key_exchanged_under_an_NTLMv1_key)
{
    EXPECT_EQ(hex(*nt_hash("Password")), "a4f49c406510bdcab6824ee7c30fd852");
    const secret_128 session_base = crypto::secret_128(unhex("d87262b0cde4b1cb7499becccdf10784"));
    EXPECT_EQ(hex(exchange_key(session_base, random_session_key())), "518822b1b3f350c8958682ecbb3e3cb7");
    // 4.2.2.4: the stream under the session key itself, message first, then pad, checksum and number.
    std::string data = plain + std::string(4, '\0') + unhex("7d84aa93") + std::string(4, '\0');
    crypto::rc4(random_session_key().reveal()).apply(data);
    EXPECT_EQ(hex(data), "56fe04d861f9319af0d7238a2e3b4d457fb8"
                         "45c844e5"
                         "09dcd1df"
                         "2e459d36");
}

TEST(MS_NLMP_4_2_3, extended_session_security_with_a_56_bit_key_as_far_as_primitives_go)
{
    const secret_128 session_base(unhex("d87262b0cde4b1cb7499becccdf10784"));
    const secret_128 exchange = crypto::hmac_md5(
        session_base, {std::string_view(server_nonce.data(), 8), std::string_view(client_nonce.data(), 8)});
    EXPECT_EQ(hex(exchange), "eb93429a8bd952f8b89c55b87f475edc");
    EXPECT_EQ(hex(sign_key(exchange, role::client)), "60e799be5c72fc92922ae8ebe961fb8d");
    const secret_128 sealing =
        crypto::md5({exchange.reveal().substr(0, 7),
                     std::string_view("session key to client-to-server sealing key magic constant\0", 59)});
    EXPECT_EQ(hex(sealing), "04dd7f014d8504d265a25cc86a3a7c06");
    std::string data = plain;
    crypto::rc4(sealing.reveal()).apply(data);
    EXPECT_EQ(hex(data), "a02372f6530273f3aa1eb90190ce5200c99d");
    const secret_128 checksum =
        crypto::hmac_md5(sign_key(exchange, role::client), {std::string_view("\0\0\0\0", 4), plain});
    EXPECT_EQ(hex(checksum).substr(0, 16), "ff2aeb52f681793a");
}

TEST(MS_NLMP_4_2_4, keys_and_responses)
{
    EXPECT_EQ(hex(ntowf_v2()), "0c868a403bfd7a93a3001ef22ef02e3f");
    const std::string temp = client_challenge(0, client_nonce, pairs);
    EXPECT_EQ(hex(temp),
              "01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c0053"
              "00650072007600650072000000000000000000");
    const secret_128 nt_proof = proof(ntowf_v2(), server_nonce, temp);
    EXPECT_EQ(hex(nt_proof), "68cd0ab851e51c96aabc927bebef6a1c");
    EXPECT_EQ(hex(lmv2_response(ntowf_v2(), server_nonce, client_nonce)),
              "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    const secret_128 base_key = session_base_key(ntowf_v2(), nt_proof);
    EXPECT_EQ(hex(base_key), "8de40ccadbc14a82f15cb0ad0de95ca3");
    EXPECT_EQ(hex(exchange_key(base_key, random_session_key())), "c5dad2544fc9799094ce1ce90bc9d03e");
    EXPECT_EQ(hex(exchange_key(base_key, exchange_key(base_key, random_session_key()))), hex(random_session_key()));
    EXPECT_EQ(hex(seal_key(random_session_key(), role::client)), "59f600973cc4960a25480a7c196e4c58");
    EXPECT_EQ(hex(sign_key(random_session_key(), role::client)), "4788dc861b4782f35d43fd98fe1a2d39");
}

const std::string challenge_hex =
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f"
    "53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000";
const std::string authenticate_hex =
    "4e544c4d5353500003000000180018006c00000054005400840000000c000c00480000000800080054000000100010005c00000010001000"
    "d8000000358288e20501280a0000000f44006f006d00610069006e00550073006500720043004f004d005000550054004500520086c35097"
    "ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaa"
    "aaaaaaaa0000000002000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000c5dad2544fc97990"
    "94ce1ce90bc9d03e";

TEST(MS_NLMP_4_2_4, the_challenge_is_read_and_written)
{
    const std::string bytes = unhex(challenge_hex);
    challenge_message message;
    ASSERT_EQ(read(bytes, message), failure::none);
    EXPECT_EQ(message.flags, 0xe28a8233u);
    EXPECT_EQ(message.server_challenge, server_nonce);
    EXPECT_EQ(message.target_name, wide("Server"));
    EXPECT_EQ(message.target_info, pairs);
    std::string ours = write(message);
    ours.replace(48, 8, bytes.substr(48, 8)); // Version
    EXPECT_EQ(hex(ours), challenge_hex);
}

TEST(MS_NLMP_4_2_4, the_authenticate_is_read_and_written)
{
    const std::string bytes = unhex(authenticate_hex);
    authenticate_message message;
    ASSERT_EQ(read(bytes, message), failure::none);
    EXPECT_EQ(message.flags, 0xe2888235u);
    EXPECT_EQ(message.user, user);
    EXPECT_EQ(message.domain, domain);
    EXPECT_EQ(message.workstation, wide("COMPUTER"));
    EXPECT_EQ(hex(message.lm_response), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    EXPECT_EQ(hex(message.nt_response.substr(0, 16)), "68cd0ab851e51c96aabc927bebef6a1c");
    EXPECT_EQ(hex(message.session_key), "c5dad2544fc9799094ce1ce90bc9d03e");
    EXPECT_EQ(message.mic_at, 0u);
    std::string ours = write(message);
    ours.replace(64, 8, bytes.substr(64, 8)); // Version
    EXPECT_EQ(hex(ours), authenticate_hex);
}

TEST(MS_NLMP_4_2_4, our_client_answers_the_challenge_with_the_same_keys)
{
    // Its pairs are more than the example's, so the proof is another; what it says must be provable all the same.
    client_login login;
    login.user = "User";
    login.domain = "Domain";
    login.nt_hash = *nt_hash("Password");
    login.require_timestamp = false;
    client_random random;
    random.challenge = client_nonce;
    random.session_key = random_session_key();
    client_context client(std::move(login), std::move(random));
    ASSERT_EQ(client.step("", 0).state, step_state::more);
    const step_result step = client.step(unhex(challenge_hex), 0);
    ASSERT_EQ(step.state, step_state::done) << words(step.reason);
    EXPECT_FALSE(client.mic_sent()); // no timestamp
    authenticate_message message;
    ASSERT_EQ(read(step.token, message), failure::none);
    EXPECT_EQ(hex(message.lm_response), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    const secret_128 made = proof(ntowf_v2(), server_nonce, message.nt_response.substr(16));
    EXPECT_EQ(hex(message.nt_response.substr(0, 16)), hex(made));
    EXPECT_EQ(hex(exchange_key(session_base_key(ntowf_v2(), made), secret_128(message.session_key))),
              hex(random_session_key()));
}

TEST(MS_NLMP_4_2_4, a_sealed_message)
{
    session client(role::client, {random_session_key(), protection::sealing, true});
    std::string data = plain;
    signature made;
    ASSERT_TRUE(client.seal(data, made));
    EXPECT_EQ(hex(data), "54e50165bf1936dc996020c1811b0f06fb5f");
    EXPECT_EQ(hex({made.data(), made.size()}), "010000007fb38ec5c55d497600000000");
    session server(role::server, {random_session_key(), protection::sealing, true});
    ASSERT_TRUE(server.unseal(data, {made.data(), made.size()}));
    EXPECT_EQ(data, plain);
}

TEST(MS_NLMP_4_2_4, a_signature_without_key_exchange_is_not_encrypted)
{
    session client(role::client, {random_session_key(), protection::signing, false});
    const auto made = client.sign(plain);
    ASSERT_TRUE(made);
    EXPECT_EQ(hex({made->data(), made->size()}), "0100000070352851f256430900000000");
}

TEST(MS_NLMP_4_2, messages_of_NTLMv1_are_read_and_refused)
{
    const std::string v1 = unhex("4e544c4d5353500003000000180018006c00000018001800840000000c000c00480000000800080054000"
                                 "000100010005c00000010001000"
                                 "9c000000358280e20501280a0000000f44006f006d00610069006e00550073006500720043004f004d005"
                                 "000550054004500520098def7b8"
                                 "7f88aa5dafe2df779688a172def11c7d5ccdef1367c43011f30298a2ad35ece64f16331c44bdbed927841"
                                 "f94518822b1b3f350c8958682ec"
                                 "bb3e3cb7");
    const std::string v1_with_client_challenge =
        unhex("4e544c4d5353500003000000180018006c00000018001800840000000c000c00480000000800080054000000100010005c000000"
              "00000000"
              "9c000000358208820501280a0000000f44006f006d00610069006e00550073006500720043004f004d0050005500540045005200"
              "aaaaaaaa"
              "aaaaaaaa000000000000000000000000000000007537f803ae367128ca458204bde7caf81e97ed2683267232");
    for (const std::string& message : {v1, v1_with_client_challenge}) {
        challenged service;
        EXPECT_EQ(service.take(message), failure::ntlm_v1);
    }
    const std::string challenge =
        unhex("4e544c4d53535000020000000c000c0038000000338202e20123456789abcdef000000000000000000"
              "00000000000000060070170000000f530065007200760065007200");
    client_context client(ada(), random_of_client());
    (void)client.step("", now);
    EXPECT_EQ(client.step(challenge, now).reason, failure::weak);
}

} // namespace
} // namespace winrm::auth::ntlm
