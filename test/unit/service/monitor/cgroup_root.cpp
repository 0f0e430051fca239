#include "service/monitor/cgroup_root.h"

#include <gtest/gtest.h>

#include "service/monitor/folder_lock.h"

#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

using winrm::service::monitor::cgroup2_mount;
using winrm::service::monitor::lock_folder;
using winrm::service::monitor::make_locked_folder;
using winrm::service::monitor::remove_dead_cgroups;

TEST(CgroupRoot, FindsTheMountWhereverItIs)
{
    const std::string hybrid =
        "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
        "37 31 0:34 / /sys/fs/cgroup/pids rw shared:9 - cgroup cgroup rw,pids\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:10 master:3 - cgroup2 cgroup2 rw\n"
        "59 48 0:38 / /elsewhere rw - cgroup2 cgroup2 rw\n";
    EXPECT_EQ(cgroup2_mount(hybrid), "/sys/fs/cgroup/unified");
    EXPECT_EQ(cgroup2_mount("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"), "/sys/fs/cgroup");
    EXPECT_EQ(cgroup2_mount("30 23 0:26 / /a\\040b rw - cgroup2 cgroup2 rw\n"), "");
    EXPECT_EQ(cgroup2_mount("37 31 0:34 / /x rw - cgroup cgroup rw,pids\n"), "");
    EXPECT_EQ(cgroup2_mount("nonsense\n\n"), "");
}

TEST(CgroupRoot, RemovesWhatADeadMonitorLeft)
{
    namespace fs = std::filesystem;
    const pid_t dead = ::fork();
    if (dead == 0) ::_exit(0);
    ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
    std::string place = "/tmp/winrmd-unit-XXXXXX";
    ASSERT_NE(::mkdtemp(place.data()), nullptr);
    const std::string left = place + "/winrmd-" + std::to_string(dead),
                      alive = place + "/winrmd-" + std::to_string(::getppid());
    for (const std::string& name : {left + "/user-1000-1/main", alive, place + "/winrmd-monitor", place + "/winrmd-0",
                                    place + "/other-" + std::to_string(dead)})
        fs::create_directories(name);
    const auto in_use = lock_folder(alive);
    ASSERT_TRUE(in_use);
    {
        const auto held = lock_folder(left);
        ASSERT_TRUE(held);
        EXPECT_EQ(remove_dead_cgroups(place), 0u); // the number is dead, its maker is not
    }
    EXPECT_EQ(remove_dead_cgroups(place), 1u);
    EXPECT_FALSE(fs::exists(left));
    EXPECT_TRUE(fs::exists(alive));
    EXPECT_TRUE(fs::exists(place + "/winrmd-monitor"));
    EXPECT_TRUE(fs::exists(place + "/winrmd-0"));
    EXPECT_TRUE(fs::exists(place + "/other-" + std::to_string(dead)));
    fs::remove_all(place);
}

/// Item 8 of the issue on attacks: a monitor that was killed may be a zombie, and its number is taken then.
TEST(CgroupRoot, TrustsTheLockAndNotANumber)
{
    namespace fs = std::filesystem;
    const pid_t zombie = ::fork();
    if (zombie == 0) ::_exit(0);
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(zombie), &ended, WEXITED | WNOWAIT), 0);
    std::string place = "/tmp/winrmd-unit-XXXXXX";
    ASSERT_NE(::mkdtemp(place.data()), nullptr);
    const std::string left = place + "/winrmd-" + std::to_string(zombie);
    fs::create_directories(left);
    EXPECT_EQ(remove_dead_cgroups(place), 1u);
    EXPECT_FALSE(fs::exists(left));
    {
        const auto made = make_locked_folder(left);
        EXPECT_TRUE(made);
        EXPECT_FALSE(make_locked_folder(left)) << "there already";
        EXPECT_EQ(remove_dead_cgroups(place), 0u);
    }
    EXPECT_EQ(remove_dead_cgroups(place), 1u);
    EXPECT_EQ(::waitpid(zombie, nullptr, 0), zombie);
    fs::remove_all(place);
}
