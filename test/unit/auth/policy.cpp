#include "auth/policy.h"

#include <gtest/gtest.h>

namespace winrm::auth {
namespace {

TEST(policy, S4_basic_needs_tls_unless_somebody_said_otherwise)
{
    EXPECT_TRUE(policy{}.basic_allowed(true));
    EXPECT_FALSE(policy{}.basic_allowed(false));
    policy loose;
    loose.allow_unencrypted = true;
    EXPECT_TRUE(loose.basic_allowed(false));
}

} // namespace
} // namespace winrm::auth
