#include "service/monitor/auth_files.h"

#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

/// One key of SERVICE/a@R.
std::string keytab_of(const std::string& service)
{
    const auto counted = [](const std::string& text) {
        return std::string{'\0', static_cast<char>(text.size())} + text;
    };
    const std::string record = std::string("\0\2", 2) + counted("R") + counted(service) + counted("a") +
                               std::string("\0\0\0\1\0\0\0\0\1\0\x12", 11) + counted(std::string(32, 'k'));
    return "\5\2" + std::string("\0\0\0", 3) + static_cast<char>(record.size()) + record;
}

std::string problem_of(const auth_settings& from)
{
    const auto read = read_keytab(from);
    return read ? "" : read.error().message();
}

TEST(AuthFiles, AKeytabIsOursAloneAndHasAKeyOfOurs)
{
    const temp_file good(keytab_of("host")), foreign(keytab_of("cifs")), open(keytab_of("HTTP"), 0640),
        text("[Keytab]");
    auth_settings from;
    from.keytab = good.path();
    const auto read = read_keytab(from);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->names, std::vector<std::string>{"host/a@R"});
    EXPECT_EQ(read->bytes.reveal(), keytab_of("host"));
    from.services = {"HTTP"};
    EXPECT_NE(problem_of(from).find("has no key of a name that clients ask for: make one of HTTP/HOST"),
              std::string::npos);
    for (const auto& [file, expected] : {std::pair{&foreign, "has no key of a name"},
                                         {&open, "can be read by others than its owner: chmod 600 it"},
                                         {&text, "is no keytab"}}) {
        from.services = {"HTTP", "host"};
        from.keytab = file->path();
        EXPECT_EQ(problem_of(from).substr(0, file->path().size()), file->path());
        EXPECT_NE(problem_of(from).find(expected), std::string::npos) << problem_of(from);
    }
}

TEST(AuthFiles, AccountsBesideTheConfigurationNeedNoName)
{
    const temp_file any("x");
    std::string unusable;
    EXPECT_EQ(find_files(any.folder(), unusable).ntlm_accounts, "");
    const std::string accounts = any.folder() + "/ntlm_accounts";
    std::ofstream{accounts} << "";
    EXPECT_EQ(find_files(any.folder(), unusable).ntlm_accounts, accounts);
    ::unlink(accounts.c_str());
}

} // namespace
