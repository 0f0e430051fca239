#include "service/monitor/ntlm_accounts.h"

#include "auth/ntlm/keys.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

const std::string hash = "0123456789abcdefABCDEF0123456789"; // NOLINT
const std::string other = std::string(32, 'e');

TEST(NtlmAccounts, LinesAreAccounts)
{
    const ntlm_file got =
        parse_ntlm_file("# made by hand\n\nada:" + hash + "\r\nCORP\\bob:" + other + "\nŁucja:" + other);
    EXPECT_TRUE(got.problems.empty());
    ASSERT_EQ(got.accounts.size(), 3U);
    EXPECT_EQ(got.accounts[0].user, "ada");
    EXPECT_EQ(got.accounts[0].domain, "");
    EXPECT_EQ(got.accounts[0].nt_hash.reveal(), "\x01\x23\x45\x67\x89\xab\xcd\xef\xAB\xCD\xEF\x01\x23\x45\x67\x89");
    EXPECT_EQ(got.accounts[1].user, "bob");
    EXPECT_EQ(got.accounts[1].domain, "CORP");
}

TEST(NtlmAccounts, WrongLinesAreNamedByLineAndColumnAndNothingOfAHashIsShown)
{
    struct row
    {
        std::string line;
        unsigned column;
        const char* what;
    };
    for (const row& r :
         {row{"ada", 1, "is not of the form USER:HASH"}, row{":" + hash, 1, "has no user name"},
          row{"\\ada:" + hash, 1, "has no user name"}, row{"CORP\\:" + hash, 1, "has no user name"},
          row{"a\\b\\c:" + hash, 1, "has no user name"}, row{"a\x01:" + hash, 1, "has no user name"},
          row{"\xff:" + hash, 1, "has no user name"}, row{"ada:", 5, "has no NT hash"},
          row{"ada:" + hash.substr(1), 36, "has no NT hash"}, row{"ada:" + hash + "0", 37, "has no NT hash"},
          row{"ada:" + hash + ":x", 37, "has no NT hash"}, row{"ada:$y$j9T$secret", 5, "has no NT hash"},
          row{"ada:31D6CFE0D16AE931B73C59D7E0C089C0", 5, "has the hash of an empty password"}}) {
        const ntlm_file got = parse_ntlm_file("bob:" + other + "\n" + r.line);
        ASSERT_EQ(got.problems.size(), 1U) << r.line;
        EXPECT_EQ(got.problems[0].line, 2U) << r.line;
        EXPECT_EQ(got.problems[0].column, r.column) << r.line;
        EXPECT_EQ(got.problems[0].what.substr(0, std::string(r.what).size()), r.what);
        EXPECT_EQ(got.problems[0].what.find("secret"), std::string::npos);
        EXPECT_EQ(got.problems[0].what.find("0123"), std::string::npos);
        EXPECT_EQ(got.accounts.size(), 1U);
    }
}

TEST(NtlmAccounts, OneLineForEachAccountWhateverItsCase)
{
    const ntlm_file got = parse_ntlm_file("Zoë:" + hash + "\nZOË:" + other + "\nCORP\\zoë:" + other);
    ASSERT_EQ(got.problems.size(), 1U);
    EXPECT_EQ(got.problems[0].line, 2U);
    EXPECT_NE(got.problems[0].what.find("line 1"), std::string::npos);
    EXPECT_EQ(got.accounts.size(), 2U) << "another domain, another account";
}

/// Not more than a frame to the process that reads tokens takes: it would end at each start.
TEST(NtlmAccounts, AreBounded)
{
    std::string file;
    for (std::size_t i = 0; i <= max_ntlm_accounts; ++i) file += "u" + std::to_string(i) + ':' + hash + '\n';
    const ntlm_file got = parse_ntlm_file(file);
    EXPECT_EQ(got.accounts.size(), max_ntlm_accounts);
    ASSERT_EQ(got.problems.size(), 1U);
    EXPECT_EQ(got.problems[0].line, max_ntlm_accounts + 1);
}

TEST(NtlmAccounts, ChangesLeaveAllOthersAsTheyAre)
{
    const auto key = auth::ntlm::nt_hash("Password");
    const std::string made = "a4f49c406510bdcab6824ee7c30fd852"; // MS-NLMP 4.2.2.1.2
    const auto first = with_ntlm_account("", "ada", *key);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->reveal(), "ada:" + made + "\n");
    const std::string file = "# mine\nbob:" + other + "\r\nADA:" + hash + "\nbroken\n\neve:" + other;
    EXPECT_EQ(with_ntlm_account(file, "ada", *key)->reveal(),
              "# mine\nbob:" + other + "\r\nada:" + made + "\nbroken\n\neve:" + other + "\n");
    EXPECT_EQ(with_ntlm_account(file, "CORP\\ada", *key)->reveal(), file + "\nCORP\\ada:" + made + "\n");
    EXPECT_EQ(without_ntlm_account(file, "aDa")->reveal(),
              "# mine\nbob:" + other + "\r\nbroken\n\neve:" + other + "\n");
    EXPECT_FALSE(without_ntlm_account(file, "nobody"));
    for (const char* name : {"", "a:b", "#a", "\\a", "a\\", "a\nb", "\xff"})
        EXPECT_FALSE(with_ntlm_account(file, name, *key)) << name;
}

} // namespace
