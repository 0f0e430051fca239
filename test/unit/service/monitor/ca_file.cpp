#include "service/monitor/ca_file.h"

#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <sstream>

using namespace winrm::service::monitor;
namespace fs = std::filesystem;

namespace {

class place
{
public:
    place()
    {
        std::string name = "/tmp/winrmd-unit-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path = name;
    }
    ~place() { fs::remove_all(path); }
    std::string path;
};

TEST(CaFile, IsThereForItsOwnerOnlyAsLongAsTheObject)
{
    const place p;
    {
        ca_file ca;
        EXPECT_EQ(ca.path(), "");
        ASSERT_TRUE(ca.write(p.path, "PEM"));
        std::ostringstream text;
        text << std::ifstream{ca.path()}.rdbuf();
        EXPECT_EQ(text.str(), "PEM");
        EXPECT_EQ(fs::status(ca.path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    }
    EXPECT_TRUE(fs::is_empty(p.path));
}

TEST(CaFile, WhatADeadServiceLeftIsRemovedAndNothingElse)
{
    const place p;
    ca_file alive;
    ASSERT_TRUE(alive.write(p.path, "PEM"));
    fs::create_directory(p.path + "/winrmd-ca-dead01"); // as made by one that was killed: no lock is held
    std::ofstream{p.path + "/winrmd-ca-dead01/ca.pem"} << "old";
    fs::create_directory(p.path + "/winrmd-ca-other1");
    std::ofstream{p.path + "/winrmd-ca-other1/mine"} << "not ours to remove";
    for (const char* name : {"/winrmd-ca-", "/winrmd-ca-toolong1", "/winrmd-ca-a.b-c/", "/winrmd-ab"})
        fs::create_directory(p.path + name);
    std::ofstream{p.path + "/winrmd-ca-afile1"} << "no folder";
    fs::create_directory(p.path + "/target");
    std::ofstream{p.path + "/target/ca.pem"} << "behind a link";
    fs::create_directory_symlink(p.path + "/target", p.path + "/winrmd-ca-alink1");
    EXPECT_EQ(remove_dead_ca_files(p.path), 1u);
    EXPECT_FALSE(fs::exists(p.path + "/winrmd-ca-dead01"));
    EXPECT_TRUE(fs::exists(alive.path()));
    EXPECT_TRUE(fs::exists(p.path + "/winrmd-ca-other1/mine"));
    EXPECT_TRUE(fs::exists(p.path + "/target/ca.pem"));
    for (const char* name :
         {"/winrmd-ca-", "/winrmd-ca-toolong1", "/winrmd-ca-a.b-c", "/winrmd-ab", "/winrmd-ca-afile1"})
        EXPECT_TRUE(fs::exists(p.path + name)) << name;
}

TEST(CaFile, AFolderThatCannotBeWrittenIsSaid)
{
    ca_file ca;
    EXPECT_FALSE(ca.write("/nonexistent-folder", "PEM"));
    EXPECT_EQ(ca.path(), "");
    EXPECT_EQ(remove_dead_ca_files("/nonexistent-folder"), 0u);
}

} // namespace
