#include "service/monitor/secret_file.h"

#include "temp_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <thread>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

std::string text_of(const std::string& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}
auto puts(const std::string& text)
{
    return [text](std::string_view) { return std::optional{base::secret{std::string(text)}}; };
}
std::size_t files_in(const std::string& folder)
{
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(SecretFile, IsReplacedAsAWhole)
{
    const temp_file old("old");
    const auto done = change_secret_file(old.path(), 100, [](std::string_view text) {
        EXPECT_EQ(text, "old");
        return std::optional{base::secret{std::string("new")}};
    });
    ASSERT_TRUE(done && *done);
    EXPECT_EQ(text_of(old.path()), "new");
    struct stat info
    {};
    ASSERT_EQ(::stat(old.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600U);
    const auto kept =
        change_secret_file(old.path(), 100, [](std::string_view) { return std::optional<base::secret>(); });
    EXPECT_TRUE(kept && !*kept);
    EXPECT_EQ(files_in(old.folder()), 1U) << "nothing is left behind";
}

TEST(SecretFile, IsMadeWhereThereIsNone)
{
    const temp_file beside("x");
    const std::string path = beside.folder() + "/fresh";
    EXPECT_TRUE(change_secret_file(path, 100, puts("made")));
    EXPECT_EQ(text_of(path), "made");
    std::filesystem::remove(path);
    EXPECT_FALSE(change_secret_file(beside.folder() + "/no/folder", 100, puts("x")));
}

TEST(SecretFile, IsRefusedWhereOthersCouldReadOrReplaceIt)
{
    const temp_file open("x", 0644);
    auto got = change_secret_file(open.path(), 100, puts("y"));
    ASSERT_FALSE(got);
    EXPECT_NE(got.error().message().find("chmod 600"), std::string::npos);
    EXPECT_EQ(text_of(open.path()), "x");

    const temp_file beside("x");
    const std::string folder = beside.folder() + "/shared", path = folder + "/f";
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    got = change_secret_file(path, 100, puts("y"));
    ASSERT_FALSE(got);
    EXPECT_NE(got.error().message().find("chmod go-w"), std::string::npos);
    EXPECT_EQ(files_in(folder), 0U);
    std::filesystem::remove_all(folder);
}

TEST(SecretFile, ASymbolicLinkStaysOne)
{
    const temp_file real("old");
    const std::string link = real.folder() + "/link";
    std::filesystem::create_symlink("file", link);
    EXPECT_TRUE(change_secret_file(link, 100, puts("new")));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(text_of(real.path()), "new");
    std::filesystem::remove(link);
}

TEST(SecretFile, TwoAtATimeLoseNothing)
{
    const temp_file file("");
    const auto add = [&file](char letter) {
        for (int i = 0; i < 50; ++i)
            (void)change_secret_file(file.path(), 1000, [letter](std::string_view text) {
                return std::optional{base::secret{std::string(text) + letter}};
            });
    };
    std::thread one(add, 'a'), two(add, 'b');
    one.join();
    two.join();
    EXPECT_EQ(text_of(file.path()).size(), 100U);
}

} // namespace
