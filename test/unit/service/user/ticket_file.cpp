#include "service/user/ticket_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace winrm::service::user {
namespace {

TEST(ticket_file, is_the_accounts_alone_and_goes_with_its_last_holder)
{
    auto first = ticket_file::make(base::secret{std::string("\5\4\0\0ticket", 10)});
    ASSERT_TRUE(first);
    const std::string path = first->path();
    EXPECT_EQ(first->name(), "FILE:" + path);
    struct stat info
    {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    std::ifstream file(path, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), std::string("\5\4\0\0ticket", 10));
    const auto second = ticket_file::make(base::secret{std::string("x")});
    ASSERT_TRUE(second);
    EXPECT_NE(second->path(), path);
    auto shell = first;
    first.reset();
    EXPECT_TRUE(std::filesystem::exists(path));
    shell.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
}

} // namespace
} // namespace winrm::service::user
