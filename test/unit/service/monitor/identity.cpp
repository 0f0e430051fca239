// S2: an identity cannot be made outside the login code. All of it is decided by the compiler.
#include "service/monitor/identity.h"

#include <gtest/gtest.h>

#include <type_traits>

using winrm::service::monitor::identity;

static_assert(!std::is_default_constructible_v<identity>);
static_assert(!std::is_constructible_v<identity, uid_t>);
static_assert(!std::is_constructible_v<identity, uid_t, gid_t>);
static_assert(!std::is_constructible_v<identity, uid_t, gid_t, std::string, std::string, std::string>);
static_assert(!std::is_aggregate_v<identity>);
static_assert(!std::is_convertible_v<uid_t, identity>);
static_assert(!std::is_trivial_v<identity>);

TEST(Identity, S2_CannotBeMadeFromNumbers)
{
    EXPECT_FALSE((std::is_constructible_v<identity, uid_t, gid_t, std::string, std::string, std::string>));
}
