#include "gss/password_verdicts.h"

#include <gtest/gtest.h>

#include <string>

namespace winrm::gss {
namespace {

using verdict = password_verdicts::verdict;

TEST(password_verdicts, one_for_each_account_and_password)
{
    password_verdicts all;
    const auto one = all.of("ada@CORP", "word");
    EXPECT_EQ(all.of("ada@CORP", "word"), one);
    EXPECT_NE(all.of("ada@CORP", "Word"), one);
    EXPECT_NE(all.of("ada@CORPw", "ord"), one);
    EXPECT_NE(all.of("", "ada@CORPword"), one);
    EXPECT_EQ(one->known(), verdict::unknown);
    one->is(verdict::right);
    EXPECT_EQ(all.of("ada@CORP", "word")->known(), verdict::right);
    EXPECT_EQ(all.of("ada@CORP", "Word")->known(), verdict::unknown);
}

TEST(password_verdicts, wrong_is_no_longer_known_after_a_while_and_right_stays)
{
    password_verdicts all;
    const auto one = all.of("ada", "word");
    const auto now = password_verdicts::clock::now();
    one->is(verdict::wrong, now);
    EXPECT_EQ(one->known(now), verdict::wrong);
    EXPECT_EQ(one->known(now + password_verdicts::wrong_for - std::chrono::seconds(1)), verdict::wrong);
    EXPECT_EQ(one->known(now + password_verdicts::wrong_for), verdict::unknown);
    one->is(verdict::right, now);
    EXPECT_EQ(one->known(now + 2 * password_verdicts::wrong_for), verdict::right);
}

TEST(password_verdicts, one_host_s_refusal_is_its_own_and_two_are_a_verdict)
{
    constexpr auto for_long = password_verdicts::wrong_for;
    password_verdicts all;
    const auto one = all.of("CORP\\ada", "word");
    const auto now = password_verdicts::clock::now();
    one->refused_by("web1", now);
    one->refused_by("web1", now);
    EXPECT_EQ(one->known_at("web1", now), verdict::wrong);
    EXPECT_EQ(one->known_at("web2", now), verdict::unknown);
    EXPECT_EQ(one->known_at("web1", now + for_long), verdict::unknown);
    one->refused_by("web2", now + for_long);
    EXPECT_EQ(one->known(now + for_long), verdict::unknown) << "the first is too long ago";
    one->refused_by("web1", now + for_long);
    EXPECT_EQ(one->known_at("web3", now + for_long), verdict::wrong);

    one->is(verdict::right, now);
    for (const char* host : {"web1", "web2", "web3"}) one->refused_by(host, now);
    EXPECT_EQ(one->known_at("web1", now), verdict::right);
    one->refused_by("web1", now + for_long); // it may have been changed
    one->refused_by("web2", now + for_long);
    EXPECT_EQ(one->known(now + for_long), verdict::wrong);
}

TEST(password_verdicts, their_number_is_bounded)
{
    password_verdicts all;
    const auto first = all.of("first", "word");
    for (std::size_t n = 0; n < password_verdicts::most; ++n) static_cast<void>(all.of(std::to_string(n), "word"));
    EXPECT_NE(all.of("first", "word"), first); // forgotten; whoever has it keeps it
}

} // namespace
} // namespace winrm::gss
