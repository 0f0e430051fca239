// Sealed messages and signatures after the login.
#include "auth/ntlm/session.h"

#include "unit/auth/ntlm/support.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

base::bytes_view view(const signature& s) { return {s.data(), s.size()}; }

session_keys keys(protection agreed = protection::sealing, bool exchange = true)
{
    return {secret_128("sixteen bytes of"), agreed, exchange};
}

struct pair_of
{
    session client{role::client, keys()}, server{role::server, keys()};
};

struct sealed
{
    std::string data;
    signature sign;
};

sealed seal(session& from, std::string text)
{
    sealed out{std::move(text), {}};
    EXPECT_TRUE(from.seal(out.data, out.sign));
    return out;
}

TEST(session, S2_cannot_be_copied)
{
    static_assert(!std::is_copy_constructible_v<session> && std::is_move_constructible_v<session>);
    static_assert(!std::is_copy_constructible_v<session_keys>);
}

TEST(session, S18_ten_thousand_messages_each_way_of_every_size)
{
    pair_of ends;
    for (std::size_t i = 0; i < 10'000; ++i) {
        const std::string text(i % 97 == 0 ? 20'000 + i : i % 300, static_cast<char>(i));
        for (auto [from, to] : {std::pair(&ends.client, &ends.server), std::pair(&ends.server, &ends.client)}) {
            sealed message = seal(*from, text);
            ASSERT_TRUE(text.size() < 16 || message.data != text);
            ASSERT_TRUE(to->unseal(message.data, view(message.sign))) << i;
            ASSERT_EQ(message.data, text) << i;
        }
    }
}

TEST(session, the_two_directions_are_independent_and_an_empty_message_is_one)
{
    pair_of ends;
    sealed a = seal(ends.client, ""), b = seal(ends.client, "two"), c = seal(ends.server, "three");
    EXPECT_TRUE(ends.client.unseal(c.data, view(c.sign)));
    EXPECT_TRUE(ends.server.unseal(a.data, view(a.sign)));
    EXPECT_TRUE(ends.server.unseal(b.data, view(b.sign)));
    EXPECT_EQ(b.data, "two");
    EXPECT_EQ(c.data, "three");
}

/// A fault in the second of three messages; the third, in itself genuine, must fail too.
template <class Fault> void expect_broken(const char* name, Fault fault)
{
    pair_of ends;
    sealed first = seal(ends.client, "first"), second = seal(ends.client, "second"), third = seal(ends.client, "third");
    ASSERT_TRUE(ends.server.unseal(first.data, view(first.sign)));
    const sealed again{first.data, first.sign};
    std::string sign(view(second.sign));
    fault(second, sign, again, third);
    EXPECT_FALSE(ends.server.unseal(second.data, sign)) << name;
    EXPECT_TRUE(ends.server.broken()) << name;
    EXPECT_EQ(second.data, std::string(second.data.size(), '\0')) << name << ": nothing unproven is left to read";
    EXPECT_FALSE(ends.server.unseal(third.data, view(third.sign))) << name;
    signature made;
    std::string answer = "answer";
    EXPECT_FALSE(ends.server.seal(answer, made)) << name;
    EXPECT_EQ(answer, "answer");
    EXPECT_FALSE(ends.server.sign("x")) << name;
    EXPECT_FALSE(ends.server.hand_over()) << name;
}

TEST(session, S18_a_gap_a_replay_and_every_change_break_it)
{
    using text = std::string;
    expect_broken("replay", [](sealed& m, text& s, const sealed& first, sealed&) {
        m = first;
        s = view(first.sign);
    });
    expect_broken("gap", [](sealed& m, text& s, const sealed&, sealed& third) {
        m = third;
        s = view(third.sign);
    });
    expect_broken("one bit of the data", [](sealed& m, text&, const sealed&, sealed&) { m.data[3] ^= 1; });
    expect_broken("cut", [](sealed& m, text&, const sealed&, sealed&) { m.data.pop_back(); });
    expect_broken("longer", [](sealed& m, text&, const sealed&, sealed&) { m.data += '\0'; });
    expect_broken("short signature", [](sealed&, text& s, const sealed&, sealed&) { s.pop_back(); });
    expect_broken("long signature", [](sealed&, text& s, const sealed&, sealed&) { s += '\0'; });
    expect_broken("no signature", [](sealed&, text& s, const sealed&, sealed&) { s.clear(); });
    expect_broken("renumbered", [](sealed& m, text& s, const sealed& first, sealed&) {
        m = first;
        s = view(first.sign);
        s[12] = 1;
    });
    for (std::size_t at = 0; at < signature_size; ++at) {
        expect_broken("signature byte", [at](sealed&, text& s, const sealed&, sealed&) { s[at] ^= 0x40; });
    }
}

TEST(session, a_message_of_one_side_sent_back_to_it_is_refused)
{
    pair_of ends;
    sealed m = seal(ends.client, "reflected");
    EXPECT_FALSE(ends.client.unseal(m.data, view(m.sign)));
}

TEST(session, MS_SPNG_3_3_5_1_a_mechListMIC_takes_number_0_and_leaves_the_key_stream)
{
    pair_of ends, plain;
    const auto by_client = ends.client.sign("mechanisms"), by_server = ends.server.sign("mechanisms");
    ASSERT_TRUE(by_client && by_server);
    EXPECT_TRUE(ends.server.verify("mechanisms", view(*by_client)));
    EXPECT_TRUE(ends.client.verify("mechanisms", view(*by_server)));
    sealed after = seal(ends.client, "hello"), without = seal(plain.client, "hello");
    EXPECT_EQ(after.data, without.data);
    EXPECT_EQ(after.sign[12], 1);
    EXPECT_EQ(without.sign[12], 0);
    EXPECT_TRUE(ends.server.unseal(after.data, view(after.sign)));
    EXPECT_EQ(after.data, "hello");
}

TEST(session, a_mechListMIC_after_the_first_sealed_message_is_refused)
{
    pair_of ends;
    const auto early = ends.server.sign("list");
    (void)seal(ends.client, "hello");
    EXPECT_FALSE(ends.client.sign("list"));
    EXPECT_FALSE(ends.client.verify("list", view(*early)));
    EXPECT_TRUE(ends.client.broken());
}

TEST(session, a_wrong_mechListMIC_breaks_it)
{
    for (int fault = 0; fault < 4; ++fault) {
        pair_of ends;
        std::string sign(view(*ends.client.sign("list")));
        if (fault == 0) sign[5] ^= 1;
        if (fault == 1) sign.clear();
        if (fault == 2) sign = view(signature{1}); // the constant of a login without signatures
        EXPECT_FALSE(ends.server.verify(fault == 3 ? "another" : "list", sign)) << fault;
        EXPECT_TRUE(ends.server.broken());
    }
}

TEST(session, what_was_not_agreed_is_not_done)
{
    for (const protection agreed : {protection::none, protection::signing}) {
        session client(role::client, keys(agreed)), server(role::server, keys(agreed));
        EXPECT_EQ(client.agreed(), agreed);
        const auto made = client.sign("list");
        ASSERT_TRUE(made);
        EXPECT_EQ(view(*made) == view(signature{1}), agreed == protection::none); // 3.4.4.3
        EXPECT_TRUE(server.verify("list", view(*made)));
        std::string text = "text";
        signature s;
        EXPECT_FALSE(client.seal(text, s));
        EXPECT_EQ(text, "text");
        EXPECT_FALSE(server.unseal(text, std::string(16, '\0')));
    }
}

TEST(session, another_process_can_go_on_with_it)
{
    pair_of ends;
    ASSERT_TRUE(ends.server.verify("list", view(*ends.client.sign("list"))));
    auto handed = ends.server.hand_over();
    ASSERT_TRUE(handed);
    EXPECT_EQ(handed->got, 1u);
    EXPECT_EQ(handed->sent, 0u);
    EXPECT_FALSE(ends.server.hand_over());
    sealed m = seal(ends.client, "hello");
    EXPECT_FALSE(ends.client.hand_over()); // the key stream cannot be handed over
    session there(role::server, std::move(*handed));
    EXPECT_TRUE(there.unseal(m.data, view(m.sign)));
    EXPECT_EQ(m.data, "hello");
}

TEST(session, the_last_number_is_the_last)
{
    session_keys late = keys();
    late.sent = 0xffffffff;
    session client(role::client, std::move(late));
    std::string text = "text";
    signature s;
    EXPECT_TRUE(client.seal(text, s));
    EXPECT_FALSE(client.seal(text, s));
    session_keys there = keys();
    there.got = 0xffffffff;
    session server(role::server, std::move(there));
    EXPECT_TRUE(server.unseal(text, view(s)));
    EXPECT_FALSE(server.unseal(text, view(s)));
}

} // namespace
} // namespace winrm::auth::ntlm
