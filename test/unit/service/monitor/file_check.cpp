#include "service/monitor/file_check.h"

#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

TEST(FileCheck, ReadsWhatOnlyItsOwnerCanWrite)
{
    const temp_file f{"text", 0644};
    auto got = read_trusted_file(f.path(), file_secrecy::open, 100);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, "text");
}

TEST(FileCheck, S26_WritableByOthersIsRefused)
{
    for (const mode_t mode : {0664, 0646, 0666, 0622}) {
        const temp_file f{"text", mode};
        auto got = read_trusted_file(f.path(), file_secrecy::open, 100);
        ASSERT_FALSE(got) << mode;
        EXPECT_EQ(got.error().code(), errc::bad_config);
        EXPECT_NE(got.error().message().find("chmod go-w"), std::string::npos);
    }
}

TEST(FileCheck, ASecretMustNotBeReadableByOthers)
{
    for (const mode_t mode : {0640, 0604, 0644}) {
        const temp_file f{"text", mode};
        EXPECT_FALSE(read_trusted_file(f.path(), file_secrecy::secret, 100)) << mode;
    }
    const temp_file f{"text", 0600};
    EXPECT_TRUE(read_trusted_file(f.path(), file_secrecy::secret, 100));
}

TEST(FileCheck, s21_AByteOrderMarkIsTakenOffAndUtf16IsNamed)
{
    const temp_file marked{"\xEF\xBB\xBFtext\r\n"};
    const auto got = read_trusted_file(marked.path(), file_secrecy::open, 100);
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(*got, "text\r\n");
    const temp_file wide{std::string{"\xFF\xFEt\0e\0", 6}};
    const auto refused = read_trusted_file(wide.path(), file_secrecy::open, 100);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("holds UTF-16 text"), std::string::npos) << refused.error();
}

TEST(FileCheck, SizeKindAndAbsence)
{
    const temp_file f{std::string(101, 'x')};
    EXPECT_FALSE(read_trusted_file(f.path(), file_secrecy::open, 100));
    EXPECT_TRUE(read_trusted_file(f.path(), file_secrecy::open, 101));
    EXPECT_FALSE(read_trusted_file(f.folder(), file_secrecy::open, 100));
    EXPECT_FALSE(read_trusted_file(f.path() + "-not", file_secrecy::open, 100));
}

TEST(FileCheck, ForeignOwnerIsRefused)
{
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can give a file away";
    const temp_file f{"text"};
    ASSERT_EQ(::chown(f.path().c_str(), 65534, 65534), 0);
    EXPECT_FALSE(read_trusted_file(f.path(), file_secrecy::open, 100));
}

TEST(FileCheck, S26_AFolderWhereOthersCanWriteIsRefused)
{
    for (const mode_t mode : {0770, 0707, 0777}) {
        const temp_file f{"text"};
        ASSERT_EQ(::chmod(f.folder().c_str(), mode), 0);
        auto got = read_trusted_file(f.path(), file_secrecy::open, 100);
        ASSERT_FALSE(got) << mode;
        EXPECT_NE(got.error().message().find("chmod go-w " + f.folder()), std::string::npos) << got.error().message();
        ASSERT_EQ(::chmod(f.folder().c_str(), mode | S_ISVTX), 0);
        EXPECT_TRUE(read_trusted_file(f.path(), file_secrecy::open, 100)) << mode;
    }
}

TEST(FileCheck, FoldersOfLinksAndOfWhatTheyLeadToCount)
{
    const temp_file f{"text"}, other{"text"};
    const std::string link = other.folder() + "/link";
    ASSERT_EQ(::symlink(f.path().c_str(), link.c_str()), 0);
    EXPECT_TRUE(read_trusted_file(link, file_secrecy::open, 100));
    for (const temp_file* one : {&f, &other}) {
        ASSERT_EQ(::chmod(one->folder().c_str(), 0777), 0);
        EXPECT_FALSE(read_trusted_file(link, file_secrecy::open, 100)) << (one == &f);
        ASSERT_EQ(::chmod(one->folder().c_str(), 0700), 0);
    }
    ::unlink(link.c_str());
    ASSERT_EQ(::symlink(("../../.." + f.folder() + "/./file").c_str(), link.c_str()), 0);
    EXPECT_TRUE(read_trusted_file(link, file_secrecy::open, 100));
    ::unlink(link.c_str());
    ASSERT_EQ(::symlink(link.c_str(), link.c_str()), 0);
    EXPECT_FALSE(read_trusted_file(link, file_secrecy::open, 100));
    ::unlink(link.c_str());
}

TEST(FileCheck, AFolderOfAForeignOwnerIsRefused)
{
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can give a folder away";
    const temp_file f{"text"};
    ASSERT_EQ(::chown(f.folder().c_str(), 65534, 65534), 0);
    EXPECT_FALSE(read_trusted_file(f.path(), file_secrecy::open, 100));
}

TEST(FileCheck, ALinkOfAForeignOwnerIsRefusedAlsoInAStickyFolder)
{
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can give a link away";
    const temp_file f{"text"}, other{"text"};
    const std::string link = other.folder() + "/link";
    ASSERT_EQ(::chmod(other.folder().c_str(), 01777), 0);
    ASSERT_EQ(::symlink(f.path().c_str(), link.c_str()), 0);
    EXPECT_TRUE(read_trusted_file(link, file_secrecy::open, 100));
    ASSERT_EQ(::lchown(link.c_str(), 65534, 65534), 0);
    EXPECT_FALSE(read_trusted_file(link, file_secrecy::open, 100));
    ::unlink(link.c_str());
}
