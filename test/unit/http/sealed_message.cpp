// A message from its clear text to the wire and back, in one buffer at each end: framing and every cipher together.
#include "auth/krb5/seal.h"
#include "auth/ntlm/sealer.h"
#include "http/sealed_body.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

constexpr std::size_t limit = 8 * 1024 * 1024;

struct ends
{
    std::string_view name;
    sealed_protocol protocol;
    std::unique_ptr<auth::message_sealer> client, server;
};

std::unique_ptr<auth::message_sealer> ntlm_end(auth::ntlm::role role)
{
    using namespace auth::ntlm;
    return std::make_unique<sealer>(session(role, {secret_128("sixteen byte key"), protection::sealing, true, 1, 1}));
}

std::unique_ptr<auth::message_sealer> krb5_end(auth::krb5::enctype type, auth::krb5::role role)
{
    auth::krb5::context_values values;
    values.enctype = static_cast<std::int32_t>(type);
    values.protocol = type == auth::krb5::enctype::rc4_hmac ? 0 : 1;
    values.key = base::secret(std::string(key_size(type), 'k'));
    values.own = role;
    values.send_sequence = values.receive_sequence = 5;
    return make_sealer(values, [](std::span<unsigned char> out) {
        for (unsigned char& c : out) c = 0x5a;
    });
}

std::vector<ends> all_ends()
{
    std::vector<ends> out;
    out.push_back(
        {"NTLM", sealed_protocol::spnego, ntlm_end(auth::ntlm::role::client), ntlm_end(auth::ntlm::role::server)});
    using enum auth::krb5::enctype;
    using auth::krb5::role;
    for (const auto type : {aes128_cts_hmac_sha1_96, aes256_cts_hmac_sha1_96, aes128_cts_hmac_sha256_128,
                            aes256_cts_hmac_sha384_192, rc4_hmac}) {
        out.push_back({"Kerberos", type == rc4_hmac ? sealed_protocol::spnego : sealed_protocol::kerberos,
                       krb5_end(type, role::initiator), krb5_end(type, role::acceptor)});
    }
    return out;
}

base::bytes sealed(auth::message_sealer& by, sealed_protocol protocol, base::bytes_view clear)
{
    sealed_body_writer writer(protocol, clear, by.room(clear.size()));
    const std::span<char> token = writer.token();
    EXPECT_TRUE(by.seal(token));
    base::bytes out = std::move(writer).finish();
    EXPECT_TRUE(token.data() > out.data() && token.data() < out.data() + out.size()) << "not one buffer";
    return out;
}

void pass(auth::message_sealer& from, auth::message_sealer& to, sealed_protocol protocol, base::bytes_view clear)
{
    base::bytes body = sealed(from, protocol, clear);
    EXPECT_TRUE(clear.size() < 8 || body.find(clear.substr(0, 64)) == base::bytes::npos) << "in the clear";
    const sealed_body got = parse_sealed_body(body, limit);
    ASSERT_EQ(got.refused, sealed_refusal::none) << name(got.refused);
    ASSERT_EQ(got.header_size, from.room(clear.size()).header);
    const auth::unsealed opened = to.unseal(got.token);
    ASSERT_EQ(opened.failed, auth::seal_failure::none) << name(opened.failed);
    ASSERT_TRUE(got.length_is(opened.clear.size(), opened.pad));
    ASSERT_TRUE(base::bytes_view(opened.clear.data(), opened.clear.size()) == clear);
    ASSERT_TRUE(opened.clear.empty() || opened.clear.data() > body.data()); // where it arrived
}

TEST(sealed_message, both_directions_up_to_several_mebibytes)
{
    base::bytes text;
    for (unsigned int i = 0; text.size() < 5 * 1024 * 1024; ++i) text += static_cast<char>(i * 2654435761U >> 24);
    for (const ends& e : all_ends()) {
        for (const std::size_t size :
             {0UL, 1UL, 15UL, 16UL, 17UL, 100UL, 127UL, 4096UL, 65'535UL, 512'000UL, text.size()}) {
            const base::bytes_view clear = base::bytes_view(text).substr(0, size);
            ASSERT_NO_FATAL_FAILURE(pass(*e.client, *e.server, e.protocol, clear)) << e.name << " " << size;
            ASSERT_NO_FATAL_FAILURE(pass(*e.server, *e.client, e.protocol, clear)) << e.name << " " << size;
        }
    }
}

TEST(sealed_message, changed_replayed_or_left_out_does_not_open)
{
    const base::bytes clear = "<s:Envelope/>";
    enum class fault { changed, replayed, left_out, own };
    for (const fault f : {fault::changed, fault::replayed, fault::left_out, fault::own}) {
        for (const ends& e : all_ends()) {
            base::bytes body = sealed(*e.client, e.protocol, clear);
            if (f == fault::replayed) {
                base::bytes first = body;
                EXPECT_EQ(e.server->unseal(parse_sealed_body(first, limit).token).failed, auth::seal_failure::none);
            }
            if (f == fault::left_out) body = sealed(*e.client, e.protocol, clear);
            const sealed_body got = parse_sealed_body(body, limit);
            ASSERT_EQ(got.refused, sealed_refusal::none);
            if (f == fault::changed) got.token.back() = static_cast<char>(got.token.back() ^ 1);
            auth::message_sealer& by = f == fault::own ? *e.client : *e.server;
            EXPECT_NE(by.unseal(got.token).failed, auth::seal_failure::none) << e.name;
            EXPECT_EQ(body.find(clear), base::bytes::npos) << e.name;
            base::bytes next = sealed(f == fault::own ? *e.server : *e.client, e.protocol, clear);
            EXPECT_EQ(by.unseal(parse_sealed_body(next, limit).token).failed, auth::seal_failure::dead) << e.name;
        }
    }
}

} // namespace
} // namespace winrm::http
