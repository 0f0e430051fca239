#include "service/user/login_shell.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace winrm::service::user {
namespace {

TEST(login_shell, a_listed_one_is_full)
{
    const std::vector<std::string> listed{"/bin/sh", "/bin/bash", "/opt/fish"};
    EXPECT_TRUE(is_full_shell("/bin/sh", listed));
    EXPECT_TRUE(is_full_shell("/opt/fish", listed)); // even if it is not there: nothing can run then
    EXPECT_FALSE(is_full_shell("/bin/zsh", listed));
    EXPECT_FALSE(is_full_shell("sh", listed));
    EXPECT_FALSE(is_full_shell("", listed));
    EXPECT_FALSE(is_full_shell("/bin/sh", {}));
}

TEST(login_shell, one_that_restricts_is_not_even_if_listed)
{
    for (const char* shell : {"/usr/sbin/nologin", "/bin/false", "/bin/rbash", "/usr/bin/git-shell", "/usr/bin/rksh"})
        EXPECT_FALSE(is_full_shell(shell, {"/bin/sh", shell})) << shell;
}

TEST(login_shell, nor_one_that_is_a_link_to_it)
{
    char folder[] = "/tmp/winrm-unit-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    const std::string innocent = std::string{folder} + "/shell", real = std::string{folder} + "/nologin";
    std::filesystem::copy_file("/bin/true", real);
    std::filesystem::create_symlink(real, innocent);
    EXPECT_FALSE(is_full_shell(innocent, {innocent}));
    std::filesystem::remove_all(folder);
}

TEST(login_shell, the_systems_list_has_the_standard_shell)
{
    const auto listed = listed_shells();
    EXPECT_TRUE(is_full_shell("/bin/sh", listed));
}

} // namespace
} // namespace winrm::service::user
