#include "shell/cmd_quotes.h"

#include <gtest/gtest.h>

namespace winrm::shell {
namespace {

TEST(cmd_quotes, the_outer_ones_come_off_where_a_shell_would_see_one_word)
{
    struct row
    {
        const char* command;
        const char* program;
        const char* unquoted;
    };
    for (const row& r : {row{R"("echo hello")", "echo hello", "echo hello"},
                         row{R"("echo "hello  world"")", "echo ", R"(echo "hello  world")"},
                         row{R"("echo $HOME")", "echo $HOME", "echo $HOME"}, row{R"("a;b")", "a;b", "a;b"},
                         row{R"("grep -c "a b;c" "/tmp/my file"")", "grep -c ", R"(grep -c "a b;c" "/tmp/my file")"},
                         row{R"("cd /tmp && ls")", "cd /tmp && ls", "cd /tmp && ls"}}) {
        const auto got = read_quoted_command(r.command);
        ASSERT_TRUE(got) << r.command;
        EXPECT_EQ(got->program, r.program);
        EXPECT_EQ(got->unquoted, r.unquoted);
    }
    for (const char* command : {"", "\"", "\"\"", "echo", R"("echo")", R"("echo" hello)", R"(echo "hello world")",
                                R"("echo" "a b")", R"("/opt/my tools/run" "x y")", R"("my tool" "data; rm -rf /")",
                                R"("my tool"; "x")", R"("a b"|"c d")", R"("echo \"a; b\"")", R"("$HOME/my tools/run")",
                                R"("/opt/my $TOOLS/run" "x")", R"("`which a` b")", R"('echo hello')"})
        EXPECT_FALSE(read_quoted_command(command)) << command;
}

} // namespace
} // namespace winrm::shell
