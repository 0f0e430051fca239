#include "service/monitor/winbind.h"

#include "service/monitor/authenticator.h"

#include <gtest/gtest.h>

namespace winrm::service::monitor {
namespace {

using kind = domain_verdict::kind;

TEST(winbind, every_cause_has_its_own_word)
{
    const struct
    {
        std::uint32_t status;
        kind what;
        const char* reason;
    } rows[] = {
        {0xC000006A, kind::denied, "wrong_password"},        {0xC0000064, kind::denied, "unknown_account"},
        {0xC0000072, kind::denied, "account_disabled"},      {0xC0000234, kind::denied, "account_locked"},
        {0xC0000193, kind::denied, "account_expired"},       {0xC0000071, kind::denied, "password_expired"},
        {0xC0000224, kind::denied, "password_must_change"},  {0xC00000DF, kind::denied, "unknown_domain"},
        {0xC000005E, kind::unavailable, "no_logon_servers"}, {0xC000018B, kind::unavailable, "not_joined_to_domain"},
        {0xC000018D, kind::unavailable, "trust_broken"},     {0xC0000022, kind::unavailable, "winbind_not_permitted"},
    };
    for (const auto& row : rows) {
        const domain_verdict got = cause_of(row.status, "NT_STATUS_X");
        EXPECT_EQ(got.what, row.what) << row.reason;
        EXPECT_EQ(got.reason, row.reason);
    }
}

/// A status that is new to us must not count as a wrong password, nor put anything into the log but a word.
TEST(winbind, an_unknown_status_says_nothing_of_the_password)
{
    EXPECT_EQ(cause_of(0xC0001234, "NT_STATUS_NEW ONE\n").reason, "nt_status_new_one_");
    EXPECT_EQ(cause_of(0xC0001234, "").reason, "winbind_failed");
    EXPECT_EQ(cause_of(0xC0001234, std::string(500, 'A')).reason.size(), 48u);
    EXPECT_EQ(cause_of(0xC0001234, "").what, kind::unavailable);
    EXPECT_EQ(cause_of(0, "NT_STATUS_OK").what, kind::unavailable) << "nothing but a success lets in";
}

TEST(winbind, what_is_no_response_is_not_asked)
{
    for (const wire::domain_response& bad :
         {wire::domain_response{"ada", "CORP", "", "1234567", std::string(60, 'x')},
          wire::domain_response{"ada", "CORP", "", "123456789", std::string(60, 'x')},
          wire::domain_response{"ada", "CORP", "", "12345678", ""},
          wire::domain_response{"ada", "CORP", "", "12345678", std::string(wire::max_nt_response + 1, 'x')}})
        EXPECT_EQ(ask_winbind(bad).reason, "winbind_failed");
}

/// Where no winbindd runs; where one does, it knows no such account.
TEST(winbind, without_winbindd_nothing_is_said_of_the_password)
{
    io::loop loop;
    children family{loop};
    login_policy policy;
    policy.how = backend::throw_away;
    authenticator a{loop, family, std::move(policy)};
    std::optional<login_result> got;
    a.ask_domain({"nobody-here", "NOWHERE", "", "12345678", std::string(60, 'x')},
                 [&](login_result r) { got = std::move(r); });
    while (!got && loop.run_one()) {}
    ASSERT_TRUE(got);
    EXPECT_FALSE(got->who || got->proof);
    EXPECT_NE(got->reason, "");
    EXPECT_EQ(got->unavailable, got->reason != "unknown_account" && got->reason != "unknown_domain") << got->reason;
}

} // namespace
} // namespace winrm::service::monitor
