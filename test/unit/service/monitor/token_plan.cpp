#include "service/monitor/token_plan.h"

#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service;
using namespace winrm::service::monitor;

namespace {

TEST(TokenPlan, WithoutFilesThereAreNoTokens)
{
    const auto plan = make_token_plan({});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->schemes.empty());
    EXPECT_FALSE(plan->setup.ntlm);
    EXPECT_TRUE(plan->setup.keytab.empty());
}

TEST(TokenPlan, AccountsGoAlongAndAWrongLineDoesNot)
{
    const temp_file good("CORP\\ada:0123456789abcdef0123456789abcdef\n"), bad("ada:0123\n");
    settings s;
    s.auth.ntlm_accounts = good.path();
    const auto plan = make_token_plan(s);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->schemes, (std::vector<std::string>{"Negotiate", "NTLM"}));
    ASSERT_EQ(plan->setup.ntlm_accounts.size(), 1U);
    EXPECT_EQ(plan->setup.ntlm_accounts[0].user, "ada");
    EXPECT_EQ(plan->setup.ntlm_accounts[0].domain, "CORP");
    s.auth.ntlm_accounts = bad.path();
    const auto refused = make_token_plan(s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message().substr(0, bad.path().size() + 6), bad.path() + ":1:9: ");
}

TEST(TokenPlan, WinbindNeedsNoFileAndGoesWithOne)
{
    const temp_file good("ada:0123456789abcdef0123456789abcdef\n");
    settings s;
    s.auth.winbind = true;
    auto plan = make_token_plan(s);
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->setup.ntlm && plan->setup.winbind && plan->setup.ntlm_accounts.empty());
    s.auth.ntlm_accounts = good.path();
    plan = make_token_plan(s);
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->setup.winbind);
    EXPECT_EQ(plan->setup.ntlm_accounts.size(), 1U);
    s.auth.ntlm = false;
    plan = make_token_plan(s);
    ASSERT_TRUE(plan);
    EXPECT_FALSE(plan->setup.ntlm || plan->setup.winbind);
}

/// S6: strict for NTLM and relaxed for Kerberos, unless [auth] or the listener says otherwise.
TEST(TokenPlan, ChannelBindingsAreThoseOfTheListenerOrOfAllOrSafe)
{
    using enum auth::binding_policy;
    using wire::channel_binding;
    settings s;
    s.listen = {{"*", 1, true}, {"*", 2, true, relaxed}, {"*", 3, true, none}};
    auto plan = make_token_plan(s);
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->setup.bindings.size(), 3U);
    EXPECT_EQ(plan->setup.bindings[0], (wire::binding_rules{channel_binding::strict, channel_binding::relaxed}));
    EXPECT_EQ(plan->setup.bindings[1], (wire::binding_rules{channel_binding::relaxed, channel_binding::relaxed}));
    EXPECT_EQ(plan->setup.bindings[2], (wire::binding_rules{channel_binding::none, channel_binding::none}));
    s.auth.channel_binding = strict;
    plan = make_token_plan(s);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->setup.bindings[0], (wire::binding_rules{channel_binding::strict, channel_binding::strict}));
    EXPECT_EQ(plan->setup.bindings[1], (wire::binding_rules{channel_binding::relaxed, channel_binding::relaxed}));
}

} // namespace
