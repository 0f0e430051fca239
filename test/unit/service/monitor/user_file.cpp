#include "service/monitor/user_file.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

base::secret pass(const char* text) { return base::secret{std::string{text}}; }

TEST(UserFile, LineMadeIsLineAccepted)
{
    auto line = make_user_line("ada", pass("secret word"));
    ASSERT_TRUE(line);
    EXPECT_EQ(line->substr(0, 7), "ada:$y$");
    const std::string file = "# comment\n\nbob:x\n" + *line + "\n";
    EXPECT_TRUE(check_user_line(file, "ada", pass("secret word")));
    EXPECT_FALSE(check_user_line(file, "ada", pass("secret worD")));
    EXPECT_FALSE(check_user_line(file, "ada", pass("")));
    EXPECT_FALSE(check_user_line(file, "bob", pass("x")));
    EXPECT_FALSE(check_user_line(file, "eve", pass("secret word")));
    EXPECT_FALSE(check_user_line("", "ada", pass("secret word")));
}

TEST(UserFile, FirstLineOfAUserCounts)
{
    auto one = make_user_line("ada", pass("one")), two = make_user_line("ada", pass("two"));
    ASSERT_TRUE(one && two);
    EXPECT_TRUE(check_user_line(*one + "\r\n" + *two, "ada", pass("one")));
    EXPECT_FALSE(check_user_line(*one + '\n' + *two, "ada", pass("two")));
}

TEST(UserFile, WeakAndEmptyHashesAreNoHashes)
{
    EXPECT_FALSE(check_user_line("ada:", "ada", pass("")));
    EXPECT_FALSE(check_user_line("ada:clear", "ada", pass("clear")));
    EXPECT_FALSE(check_user_line("ada:$1$abcdefgh$G//4keteveJp0qb8z2DxG/", "ada", pass("password")));
    EXPECT_FALSE(check_user_line("ada:*", "ada", pass("*")));
    EXPECT_FALSE(check_user_line(":$y$j9T$", "", pass("")));
}

TEST(UserFile, NamesThatWouldBreakTheFileAreRefused)
{
    for (const char* name : {"", "a:b", "a\nb", "#a"}) EXPECT_FALSE(make_user_line(name, pass("x"))) << name;
    EXPECT_FALSE(make_user_line("ada", pass("")));
    EXPECT_FALSE(make_user_line("ada", base::secret{std::string(1024, 'x')}));
}

} // namespace
