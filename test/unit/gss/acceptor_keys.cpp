#include "gss/acceptor_keys.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace winrm::gss {
namespace {

// Logins with its keys are tried with a KDC in test/peers/test_acceptor.py.
TEST(acceptor_keys, says_what_is_wrong_with_a_keytab)
{
    ::setenv("KRB5_CONFIG", "/dev/null", 1);
    for (const auto& [bytes, expected] : {std::pair{std::string("[Keytab]"), "is no keytab"},
                                          {std::string("\5\2"), "has no key for HTTP/, host/"},
                                          {std::string("\5\2\0\0\0\x20x", 7), "is a damaged keytab, at byte 6"}}) {
        const auto got = acceptor_keys::load(bytes, {"HTTP", "host"});
        ASSERT_FALSE(got) << expected;
        const std::string what = got.error().message();
        if (what.find("not installed") != std::string::npos) continue;
        EXPECT_EQ(what.substr(0, std::string(expected).size()), expected);
    }
}

} // namespace
} // namespace winrm::gss
