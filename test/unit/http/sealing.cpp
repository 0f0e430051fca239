// A connection's bodies under the keys of its login, both ends.
#include "http/sealing.h"

#include "auth/ntlm/sealer.h"

#include <gtest/gtest.h>

namespace winrm::http {
namespace {

constexpr std::size_t limit = 1000;
constexpr std::string_view soap = "application/soap+xml;charset=UTF-8";

sealing end(auth::ntlm::role own)
{
    using namespace auth::ntlm;
    return {std::make_unique<sealer>(session(own, {secret_128("sixteen byte key"), protection::sealing, true, 0, 0})),
            sealed_protocol::spnego, limit};
}
sealing client() { return end(auth::ntlm::role::client); }
sealing service() { return end(auth::ntlm::role::server); }

TEST(sealing, bodies_go_across_with_their_type)
{
    sealing c = client(), s = service();
    EXPECT_TRUE(c.seals());
    for (const std::string_view type : {soap, std::string_view{"application/soap+xml;charset=UTF-16"}}) {
        for (const std::string& body : {std::string{}, std::string{"<a/>"}, std::string(limit, 'x')}) {
            auth::message m{body, std::string{type}};
            ASSERT_TRUE(c.seal(m));
            EXPECT_EQ(m.type, sealed_content_type(sealed_protocol::spnego));
            EXPECT_TRUE(body.empty() || m.body.find(body) == std::string::npos);
            ASSERT_TRUE(s.unseal(m));
            EXPECT_EQ(m.body, body);
            EXPECT_EQ(m.type, type);
            ASSERT_TRUE(s.seal(m));
            ASSERT_TRUE(c.unseal(m));
            EXPECT_EQ(m.body, body);
        }
    }
}

TEST(sealing, what_is_not_sealed_or_not_by_the_peer_is_refused)
{
    const auto refused = [](const std::function<void(auth::message&)>& spoil) {
        sealing c = client(), s = service();
        auth::message m{"<whoami/>", std::string{soap}};
        EXPECT_TRUE(c.seal(m));
        spoil(m);
        return !s.unseal(m);
    };
    EXPECT_FALSE(refused([](auth::message&) {}));
    EXPECT_TRUE(refused([](auth::message& m) { m = {"<clear/>", std::string{soap}}; }));
    EXPECT_TRUE(refused([](auth::message& m) { m.type = soap; })) << "the type decides";
    EXPECT_TRUE(refused([](auth::message& m) { m.body.clear(); }));
    EXPECT_TRUE(refused([](auth::message& m) { m.body.replace(m.body.find("Length=9"), 8, "Length=8"); }));
    EXPECT_TRUE(refused([](auth::message& m) { m.body.replace(m.body.find("Length=9"), 8, "Length=99999"); }));
    EXPECT_TRUE(refused([](auth::message& m) { m.body[m.body.rfind("--Encrypted") - 1] ^= 1; }));
    EXPECT_TRUE(refused([](auth::message& m) {
        sealing other = service(); // our own direction come back
        m = {"<whoami/>", std::string{soap}};
        EXPECT_TRUE(other.seal(m));
    }));
}

TEST(sealing, after_a_failure_neither_direction_goes_on)
{
    sealing c = client(), s = service();
    auth::message first{"<one/>", std::string{soap}}, second{"<two/>", std::string{soap}};
    ASSERT_TRUE(c.seal(first) && c.seal(second));
    EXPECT_FALSE(s.unseal(second)) << "a gap";
    EXPECT_FALSE(s.unseal(first));
    auth::message reply{"<re/>", std::string{soap}};
    EXPECT_FALSE(s.seal(reply));
}

TEST(sealing, more_than_an_envelope_is_refused_before_it_is_opened)
{
    sealing c = client(), s = service();
    auth::message m{std::string(limit + 1, 'x'), std::string{soap}};
    ASSERT_TRUE(c.seal(m));
    EXPECT_FALSE(s.unseal(m));
}

} // namespace
} // namespace winrm::http
