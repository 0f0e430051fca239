// Keys that went to another process seal as they would have where they were made.
#include "auth/login/sealing.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::auth {
namespace {

random_source no_random()
{
    return [](std::span<unsigned char> out) { std::fill(out.begin(), out.end(), static_cast<unsigned char>(7)); };
}

ntlm::session_keys ntlm_keys()
{
    ntlm::session_keys keys;
    keys.session_key = ntlm::secret_128("0123456789abcdef");
    keys.agreed = ntlm::protection::sealing;
    keys.key_exchange = true;
    return keys;
}

krb5::context_values kerberos_keys(krb5::role own)
{
    krb5::context_values values;
    values.enctype = 18;
    values.key = base::secret(std::string(32, 'k'));
    values.acceptor_subkey = true;
    values.own = own;
    values.send_sequence = own == krb5::role::initiator ? 0x1122334455667788 : 5;
    values.receive_sequence = own == krb5::role::initiator ? 5 : 0x1122334455667788;
    return values;
}

/// One message out of one end and into the other.
void goes_across(message_sealer& from, message_sealer& to)
{
    const std::string text = "whoami";
    const seal_room room = from.room(text.size());
    std::string token = std::string(room.header, '\0') + text + std::string(room.pad, '\0');
    ASSERT_TRUE(from.seal(token));
    const unsealed got = to.unseal(token);
    ASSERT_EQ(name(got.failed), "none");
    EXPECT_EQ(std::string(got.clear.begin(), got.clear.end()), text);
}

TEST(sealing_keys, of_ntlm_seal_at_both_ends)
{
    for (const std::uint32_t number : {0U, 1U}) { // 1: after a mechListMIC
        ntlm::session_keys keys = ntlm_keys();
        keys.sent = number;
        const auto service = make_sealer(pack(keys, ntlm::role::server), {});
        keys.sent = 0;
        keys.got = number;
        const auto client = make_sealer(pack(keys, ntlm::role::client), {});
        ASSERT_TRUE(service && client);
        goes_across(*client, *service);
        goes_across(*service, *client);
    }
}

TEST(sealing_keys, of_kerberos_seal_at_both_ends)
{
    const auto client = make_sealer(pack(kerberos_keys(krb5::role::initiator)), no_random());
    const auto service = make_sealer(pack(kerberos_keys(krb5::role::acceptor)), no_random());
    ASSERT_TRUE(client && service);
    goes_across(*client, *service);
    goes_across(*service, *client);
}

TEST(sealing_keys, are_none_where_sealing_was_not_agreed)
{
    ntlm::session_keys keys = ntlm_keys();
    keys.agreed = ntlm::protection::signing;
    const sealing_keys packed = pack(keys, ntlm::role::server);
    EXPECT_EQ(packed.what, sealing_keys::kind::none);
    EXPECT_TRUE(packed.blob.empty());
    EXPECT_EQ(make_sealer(packed, no_random()), nullptr);
    EXPECT_EQ(pack(krb5::context_values{}).what, sealing_keys::kind::none);
}

TEST(sealing_keys, of_another_size_are_refused)
{
    for (const sealing_keys& good :
         {pack(ntlm_keys(), ntlm::role::server), pack(kerberos_keys(krb5::role::acceptor))}) {
        const std::string whole(good.blob.reveal());
        for (std::size_t size = 0; size < whole.size(); ++size)
            EXPECT_EQ(make_sealer({good.what, base::secret(whole.substr(0, size))}, no_random()), nullptr) << size;
        EXPECT_EQ(make_sealer({good.what, base::secret(whole + 'x')}, no_random()), nullptr);
        EXPECT_EQ(make_sealer({good.what, base::secret('\x2' + whole.substr(1))}, no_random()), nullptr) << "role";
    }
}

} // namespace
} // namespace winrm::auth
