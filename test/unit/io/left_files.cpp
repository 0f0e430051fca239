#include "io/left_files.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace winrm::io {
namespace {

namespace fs = std::filesystem;

struct folder
{
    folder()
    {
        char name[] = "/tmp/left-files-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~folder()
    {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    std::string file(const std::string& name) const
    {
        std::ofstream{path + '/' + name} << "x";
        return path + '/' + name;
    }
    std::string path;
};

TEST(left_files, go_where_their_process_has_gone)
{
    const pid_t gone = ::fork();
    if (gone == 0) ::_exit(0);
    folder here;
    const std::string zombie = here.file("t_" + std::to_string(gone) + "_a");
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(gone), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(remove_left_files(here.path, "t_"), 0u); // it has ended, though nobody has waited for it yet
    EXPECT_FALSE(fs::exists(zombie));
    ASSERT_EQ(::waitpid(gone, nullptr, 0), gone);
    const std::string waited = here.file("t_" + std::to_string(gone) + "_b");
    EXPECT_EQ(remove_left_files(here.path, "t_"), 0u);
    EXPECT_FALSE(fs::exists(waited));
}

TEST(left_files, stay_where_they_are_anybody_elses)
{
    folder here;
    const std::string own = here.file("t_" + std::to_string(::getpid()) + "_a");
    const std::string others[] = {here.file("t_"),     here.file("t_7"),   here.file("t_x_a"),
                                  here.file("t_0_a"),  here.file("u_1_a"), here.file("t_99999999999_a"),
                                  here.file("t_-1_a"), here.file("t__a"),  here.file("tt_4194303_a")};
    fs::create_directory(here.path + "/t_4194303_d");
    fs::create_symlink(own, here.path + "/t_4194303_l");
    EXPECT_EQ(remove_left_files(here.path, "t_"), 1u);
    EXPECT_TRUE(fs::exists(own));
    for (const std::string& name : others) EXPECT_TRUE(fs::exists(name)) << name;
    EXPECT_TRUE(fs::exists(here.path + "/t_4194303_d"));
    EXPECT_TRUE(fs::is_symlink(here.path + "/t_4194303_l"));
    EXPECT_EQ(remove_left_files(here.path + "/nowhere", "t_"), 0u);
}

} // namespace
} // namespace winrm::io
