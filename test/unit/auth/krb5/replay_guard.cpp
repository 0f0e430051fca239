#include "auth/krb5/replay_guard.h"

#include <gtest/gtest.h>

namespace winrm::auth::krb5 {
namespace {

using namespace std::chrono_literals;

TEST(replay_guard, each_login_once_while_it_could_be_sent_again)
{
    replay_guard guard;
    const replay_guard::clock::time_point start{};
    EXPECT_TRUE(guard.fresh("one", start));
    EXPECT_TRUE(guard.fresh("two", start + 1s));
    EXPECT_FALSE(guard.fresh("one", start + 1s));
    EXPECT_FALSE(guard.fresh("one", start + replay_guard::memory));
    EXPECT_TRUE(guard.fresh("one", start + replay_guard::memory + 1s)) << "its time stamp holds no longer";
    EXPECT_EQ(guard.size(), 2U);
}

TEST(replay_guard, is_bounded)
{
    replay_guard guard;
    for (std::size_t i = 0; i < replay_guard::most + 10; ++i) ASSERT_TRUE(guard.fresh(std::to_string(i), {}));
    EXPECT_EQ(guard.size(), replay_guard::most);
    EXPECT_FALSE(guard.fresh(std::to_string(replay_guard::most), {}));
    EXPECT_TRUE(guard.fresh("0", {})) << "the oldest is forgotten first";
}

} // namespace
} // namespace winrm::auth::krb5
