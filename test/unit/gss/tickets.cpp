#include "gss/tickets.h"

#include "gss/library.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace winrm::gss {
namespace {

// Caches with tickets in them are tried with a KDC in test/peers/test_kerberos.py.
TEST(tickets, no_cache_or_none_that_can_be_read_has_no_holder)
{
    const auto broken = std::filesystem::path(::testing::TempDir()) / "winrm-no-cache";
    std::ofstream(broken) << "\x05\x04 and then nothing that is in a cache";
    for (const std::string& name : {std::string("FILE:/nonexistent/cache"), std::string("FILE:/"),
                                    std::string("NOSUCHKIND:x"), "FILE:" + broken.string()}) {
        EXPECT_EQ(ticket_holder(name), "") << name;
        ::setenv("KRB5CCNAME", name.c_str(), 1);
        EXPECT_EQ(ticket_holder(""), "") << name;
    }
    std::filesystem::remove(broken);
}

TEST(tickets, realm_of_the_configuration)
{
    const auto file = std::filesystem::path(::testing::TempDir()) / "winrm-krb5.conf";
    std::ofstream(file) << "[libdefaults]\n default_realm = CORP.EXAMPLE\n dns_lookup_realm = false\n";
    ::setenv("KRB5_CONFIG", file.c_str(), 1);
    EXPECT_EQ(default_realm(), open_library() != nullptr ? "CORP.EXAMPLE" : "");
    ::setenv("KRB5_CONFIG", "/dev/null", 1);
    EXPECT_EQ(default_realm(), "");
    ::setenv("KRB5_CONFIG", "/nonexistent/krb5.conf", 1);
    EXPECT_EQ(default_realm(), "");
    std::filesystem::remove(file);
}

} // namespace
} // namespace winrm::gss
