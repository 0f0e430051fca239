#include "service/monitor/authenticator.h"

#include "service/monitor/account.h"
#include "service/monitor/user_file.h"
#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

class Authenticator : public testing::Test
{
protected:
    void SetUp() override
    {
        const auto found = find_account(::geteuid());
        if (!found) GTEST_SKIP() << "SKIPPED: this uid has no account";
        me = *found;
        policy.how = backend::throw_away;
        policy.permit_root = true;
        policy.only_uid = me.uid;
        policy.throw_away_user = me.name;
        policy.throw_away_password = base::secret{std::string{"right"}};
    }
    login_result ask(const std::string& user, const char* password)
    {
        authenticator a{loop, family, std::move(policy)};
        std::optional<login_result> got;
        a.check(user, base::secret{std::string{password}}, "127.0.0.1", [&](login_result r) { got = std::move(r); });
        while (!got && loop.run_one()) {}
        return got ? std::move(*got) : login_result{};
    }
    /// The name has been proved elsewhere.
    login_result decide(const std::string& user)
    {
        authenticator a{loop, family, std::move(policy)};
        std::optional<login_result> got;
        a.decide(user, "127.0.0.1", [&](login_result r) { got = std::move(r); });
        while (!got && loop.run_one()) {}
        return got ? std::move(*got) : login_result{};
    }
    login_policy policy_again() const
    {
        login_policy out;
        out.how = policy.how;
        out.permit_root = policy.permit_root;
        out.only_uid = policy.only_uid;
        out.throw_away_user = policy.throw_away_user;
        return out;
    }
    io::loop loop;
    children family{loop};
    account me;
    login_policy policy;
};

TEST_F(Authenticator, RightPasswordYieldsAnIdentity)
{
    const login_result r = ask(me.name, "right");
    ASSERT_TRUE(r.who);
    EXPECT_EQ(r.who->uid(), ::geteuid());
    EXPECT_EQ(r.who->name(), me.name);
    EXPECT_EQ(r.who->home(), me.home);
}

TEST_F(Authenticator, WrongPasswordAndUnknownUserAreTheSame)
{
    const login_result wrong = ask(me.name, "wrong");
    SetUp();
    const login_result unknown = ask("nobody-of-that-name", "right");
    EXPECT_FALSE(wrong.who || unknown.who);
    EXPECT_FALSE(wrong.unavailable || unknown.unavailable);
    EXPECT_EQ(wrong.reason, unknown.reason);
}

/// Outside the sandbox, by krb5.conf.
TEST_F(Authenticator, APrincipalIsTheAccountThatAuthToLocalSays)
{
    const temp_file conf{
        "[libdefaults]\n default_realm = A.TEST\n[realms]\n A.TEST = {\n  auth_to_local = RULE:[2:$1](ours)s/.*/" +
        me.name + "/\n }\n"};
    ::setenv("KRB5_CONFIG", conf.path().c_str(), 1);
    const auto principal = [&](const std::string& name) {
        authenticator a{loop, family, policy_again()};
        std::optional<login_result> got;
        a.decide_principal(name, "127.0.0.1", [&](login_result r) { got = std::move(r); });
        while (!got && loop.run_one()) {}
        return got ? std::move(*got) : login_result{};
    };
    const login_result ours = principal("ours/web@A.TEST");
    ASSERT_TRUE(ours.who) << ours.reason;
    EXPECT_EQ(ours.who->name(), me.name);
    for (const std::string& name : {me.name + "@A.TEST", me.name + "@B.TEST", std::string{"theirs/web@A.TEST"},
                                    std::string{}, std::string{"@"}, std::string(2000, 'x')}) {
        const login_result no = principal(name);
        EXPECT_FALSE(no.who) << name;
        EXPECT_EQ(no.reason, "no_account_for_principal") << name;
        EXPECT_FALSE(no.unavailable);
    }
    ::unsetenv("KRB5_CONFIG");
}

TEST_F(Authenticator, EmptyPasswordNeverMatches)
{
    policy.throw_away_password = base::secret{};
    EXPECT_FALSE(ask(me.name, "").who);
}

TEST_F(Authenticator, AccountsOfOthersAreRefusedWithoutRoot)
{
    policy.only_uid = me.uid + 1;
    EXPECT_EQ(ask(me.name, "right").reason, "not_the_account_of_this_service");
}

TEST_F(Authenticator, RootNeedsPermission)
{
    if (me.uid != 0) GTEST_SKIP() << "SKIPPED: not root";
    policy.permit_root = false;
    EXPECT_EQ(ask(me.name, "right").reason, "root_not_permitted");
}

TEST_F(Authenticator, GroupsAreDeniedByDefault)
{
    policy.allow_groups = {"no-group-of-that-name"};
    EXPECT_EQ(ask(me.name, "right").reason, "not_in_allowed_group");
}

TEST_F(Authenticator, UserFile)
{
    auto line = make_user_line(me.name, base::secret{std::string{"of the file"}});
    ASSERT_TRUE(line);
    const temp_file file{*line + '\n'};
    policy.how = backend::user_file;
    policy.user_file = file.path();
    EXPECT_TRUE(ask(me.name, "of the file").who);
    SetUp();
    policy.how = backend::user_file;
    policy.user_file = file.path();
    EXPECT_FALSE(ask(me.name, "right").who);
}

TEST_F(Authenticator, AMissingUserFileSaysNothingAboutThePassword)
{
    policy.how = backend::user_file;
    policy.user_file = "/not/there";
    const login_result r = ask(me.name, "right");
    EXPECT_FALSE(r.who);
    EXPECT_TRUE(r.unavailable);
    EXPECT_EQ(r.reason, "user_file_unusable");
    EXPECT_EQ(r.detail, "/not/there: cannot be read: there is no such file: is its name spelt right?");
}

TEST_F(Authenticator, AUserFileThatOthersCanReadIsNamed)
{
    const temp_file file{"x:y\n", 0644};
    policy.how = backend::user_file;
    policy.user_file = file.path();
    const login_result r = ask(me.name, "right");
    EXPECT_TRUE(r.unavailable);
    EXPECT_EQ(r.detail.substr(0, file.path().size() + 2), file.path() + ": ");
    EXPECT_NE(r.detail.find("chmod 600"), std::string::npos);
}

TEST_F(Authenticator, ABrokenLineIsNamedInTheLogAndAnsweredLikeAWrongPassword)
{
    const temp_file file{"# users\n" + me.name + ":$y$j9T$abc\n"};
    policy.how = backend::user_file;
    policy.user_file = file.path();
    const login_result r = ask(me.name, "right");
    EXPECT_FALSE(r.who || r.unavailable);
    EXPECT_EQ(r.reason, "wrong_password_or_user");
    EXPECT_EQ(r.detail.substr(0, file.path().size() + 4), file.path() + ":2: ");
    SetUp();
    policy.how = backend::user_file;
    policy.user_file = file.path();
    EXPECT_EQ(ask("somebody-else", "right").detail, "");
}

TEST_F(Authenticator, AProvedNameNeedsNoPasswordButItsAccountsRules)
{
    const login_result mine = decide(me.name);
    ASSERT_TRUE(mine.who);
    EXPECT_EQ(mine.who->uid(), ::geteuid());
    SetUp();
    EXPECT_EQ(decide("nobody-of-that-name").reason, "no_such_account");
    SetUp();
    policy.throw_away_user = "somebody-else";
    EXPECT_EQ(decide(me.name).reason, "no_such_account");
    SetUp();
    policy.allow_groups = {"no-group-of-that-name"};
    EXPECT_EQ(decide(me.name).reason, "not_in_allowed_group");
    SetUp();
    policy.only_uid = me.uid + 1;
    EXPECT_EQ(decide(me.name).reason, "not_the_account_of_this_service");
    if (me.uid != 0) return;
    SetUp();
    policy.permit_root = false;
    EXPECT_EQ(decide(me.name).reason, "root_not_permitted");
}

TEST_F(Authenticator, AProvedNameNeedsNoLineInTheUserFile)
{
    policy.how = backend::user_file;
    policy.user_file = "/not/there";
    EXPECT_TRUE(decide(me.name).who);
}

} // namespace
