#include "service/monitor/hash_time.h"

#include <gtest/gtest.h>

using namespace winrm::service::monitor;

namespace {

using list = std::vector<std::string>;

TEST(HashTime, OneHashOfEveryKind)
{
    const list kinds = kinds_of_hashes("root:$y$j9T$salt$hash:19000:0:99999:7:::\n"
                                       "ada:$y$j9T$other$hash:19000::::::\n"
                                       "bob:$y$jFT$salt$hash:::::::\n"
                                       "old:$6$saltsalt$hash\r\n"
                                       "old2:$6$rounds=9000$salt$hash\n"
                                       "old3:$6$another-salt$hash\n"
                                       "cid:$2b$12$abcdefghijklmnopqrstuv\n"
                                       "dan:$2b$05$abcdefghijklmnopqrstuv\n"
                                       "eve:$7$CU..../....salt$hash\n");
    EXPECT_EQ(kinds,
              (list{"$y$j9T$salt$hash", "$y$jFT$salt$hash", "$6$saltsalt$hash", "$6$rounds=9000$salt$hash",
                    "$2b$12$abcdefghijklmnopqrstuv", "$2b$05$abcdefghijklmnopqrstuv", "$7$CU..../....salt$hash"}));
}

TEST(HashTime, LinesWithoutAHashCountNothing)
{
    for (const char* lines : {"", "\n", "daemon:*:19000::::::\n", "locked:!$y$j9T$salt$hash:::::::\n", "new:!*:1::::::",
                              "none::19000::::::\n", "# a:$y$j9T$salt$hash\n", "no colon", "x:", "x:$", "x:$y"})
        EXPECT_TRUE(kinds_of_hashes(lines).empty()) << lines;
}

TEST(HashTime, NeverMoreThanAFew)
{
    std::string lines;
    for (int cost = 10; cost < 30; ++cost) lines += "u:$2b$" + std::to_string(cost) + "$abcdefghijklmnopqrstuv\n";
    EXPECT_EQ(kinds_of_hashes(lines).size(), 8u);
}

TEST(HashTime, TheDefaultMethodTakesTimeAndADearerKindMore)
{
    const auto usual = slowest_hash({});
    EXPECT_GT(usual.count(), 0);
    EXPECT_GT(slowest_hash({"$6$rounds=600000$saltsalt$"}), slowest_hash({"$6$rounds=1000$saltsalt$", "damaged"}));
}

} // namespace
