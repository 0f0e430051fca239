// A client's login by tokens against our own service's end, in memory.
#include "auth/login/mechanism_login.h"
#include "auth/ntlm/mechanism.h"
#include "auth/spnego/acceptor.h"

#include "unit/auth/ntlm/support.h"
#include "unit/auth/spnego/fake_mechanism.h"

#include <gtest/gtest.h>

namespace winrm::auth {
namespace {

using namespace winrm::test;
using spnego::fake_mechanism;
using spnego::fake_options;

random_source counter(unsigned char start)
{
    return [start](std::span<unsigned char> out) mutable {
        for (unsigned char& c : out) c = start++;
    };
}
std::uint64_t fixed_time() { return now; }

/// Marks what it would have sealed.
struct no_sealing final : body_protection
{
    [[nodiscard]] bool seals() const noexcept override { return true; }
    [[nodiscard]] bool seal(message& m) override
    {
        m.type = "sealed";
        return true;
    }
};

struct talk
{
    explicit talk(bool sealed, std::optional<fake_options> kerberos = {}, ntlm::server_options options = web1())
    {
        mechanism_login::options how;
        how.offers = [this, kerberos] {
            ++logins;
            std::vector<spnego::offer> offers;
            if (kerberos)
                offers.push_back(
                    {mechanism_kind::kerberos,
                     std::make_unique<fake_mechanism>(mechanism_kind::kerberos, spnego::end::initiator, *kerberos)});
            offers.push_back(
                {mechanism_kind::ntlm, std::make_unique<ntlm::client_mechanism>(ada(), counter(1), fixed_time)});
            return offers;
        };
        if (sealed) how.seal = [](std::unique_ptr<message_sealer>) { return std::make_unique<no_sealing>(); };
        client.emplace(std::move(how));
        renew(std::move(options));
    }
    void renew(ntlm::server_options options = web1())
    {
        auto made = std::make_unique<ntlm::server_mechanism>(std::move(options), counter(99), fixed_time);
        server = made.get();
        std::vector<spnego::offer> offers;
        offers.push_back({mechanism_kind::ntlm, std::move(made)});
        host.emplace(std::move(offers));
    }
    leg run(const char* password = "Pässword")
    {
        base::bytes to_client;
        leg mine;
        for (int i = 0; i < 10; ++i) {
            mine = client->step(to_client);
            if (mine.state == leg_state::failed || mine.state == leg_state::done) break;
            auto answer = host->step(mine.token);
            if (answer.state == leg_state::waiting) {
                server->answer(with_hash(password));
                answer = host->resume();
            }
            if (answer.state == leg_state::failed && answer.token.empty()) break;
            to_client = answer.token;
        }
        return mine;
    }
    std::optional<mechanism_login> client;
    std::optional<spnego::acceptor> host;
    ntlm::server_mechanism* server = nullptr;
    int logins = 0;
};

TEST(mechanism_login, tells_what_it_is_when_it_is_done)
{
    talk t(true);
    EXPECT_FALSE(t.client->seals());
    message early{"x", "clear"};
    EXPECT_FALSE(t.client->seal(early)) << "without keys nothing may pass as sealed";
    ASSERT_EQ(t.run().state, leg_state::done);
    EXPECT_TRUE(t.client->done());
    EXPECT_TRUE(t.client->seals());
    EXPECT_EQ(t.client->cipher(), "RC4");
    ASSERT_EQ(t.client->tried().size(), 1U);
    EXPECT_EQ(t.client->tried()[0].kind, mechanism_kind::ntlm);
    EXPECT_FALSE(t.client->request_may_go());
    EXPECT_TRUE(t.client->seal(early));
    EXPECT_EQ(early.type, "sealed");
}

TEST(mechanism_login, each_login_has_mechanisms_and_keys_of_its_own)
{
    talk t(true);
    ASSERT_EQ(t.run().state, leg_state::done);
    t.renew();
    const leg first = t.client->step({});
    EXPECT_EQ(first.state, leg_state::go_on);
    EXPECT_FALSE(t.client->seals()) << "the keys of the login before are gone";
    EXPECT_EQ(t.logins, 2);
}

TEST(mechanism_login, a_kerberos_that_cannot_begin_is_told_and_ntlm_goes_on)
{
    fake_options broken;
    broken.fail_at = 1;
    broken.reason = login_failure::no_kdc;
    talk t(false, broken);
    ASSERT_EQ(t.run().state, leg_state::done);
    EXPECT_FALSE(t.client->seals());
    ASSERT_EQ(t.client->tried().size(), 2U);
    EXPECT_EQ(t.client->tried()[0].kind, mechanism_kind::kerberos);
    EXPECT_EQ(t.client->tried()[0].failed, login_failure::no_kdc);
    EXPECT_EQ(t.client->tried()[1].kind, mechanism_kind::ntlm);
    EXPECT_EQ(t.client->tried()[1].failed, login_failure::none);
}

TEST(mechanism_login, a_wrong_kerberos_password_is_not_tried_by_ntlm)
{
    fake_options wrong;
    wrong.fail_at = 1;
    wrong.reason = login_failure::wrong_password;
    talk t(false, wrong);
    const leg got = t.run();
    ASSERT_EQ(got.state, leg_state::failed);
    EXPECT_EQ(got.failed, login_failure::wrong_password);
    ASSERT_EQ(t.client->tried().size(), 1U) << "it would count twice against the account";
    EXPECT_EQ(t.client->tried()[0].kind, mechanism_kind::kerberos);
}

TEST(mechanism_login, with_nothing_to_offer_it_fails_at_once)
{
    mechanism_login::options how;
    how.offers = [] { return std::vector<spnego::offer>(); };
    mechanism_login login(std::move(how));
    EXPECT_EQ(login.step({}).state, leg_state::failed);
    EXPECT_TRUE(login.tried().empty());
    EXPECT_EQ(login.step("token").state, leg_state::failed);
}

} // namespace
} // namespace winrm::auth
