#include "service/monitor/own_limits.h"

#include <gtest/gtest.h>

using namespace winrm::service::monitor;

namespace {

settings usual()
{
    settings s;
    s.listen.push_back({"*", 5986, true});
    return s;
}

TEST(OwnLimits, s8_10_WhatIsEnoughIsNotLowered)
{
    settings s = usual();
    ASSERT_TRUE(fit_open_files(s, open_files_needed(s)));
    EXPECT_EQ(s.limits, usual().limits);
    ASSERT_TRUE(fit_open_files(s, 1'000'000));
    EXPECT_EQ(s.limits, usual().limits);
}

TEST(OwnLimits, s8_10_LimitsAreLoweredUntilTheFilesAreEnough)
{
    bool served = false;
    for (std::uint64_t have = 0; have < 800; ++have) {
        settings s = usual();
        const bool fits = fit_open_files(s, have);
        EXPECT_TRUE(fits || !served) << "enough with fewer than " << have;
        served = served || fits;
        if (!fits) {
            EXPECT_EQ(s.limits, usual().limits) << have;
            continue;
        }
        const limit_settings &l = s.limits, &before = usual().limits;
        EXPECT_GE(l.max_connections, 4u) << have;
        EXPECT_LE(l.max_connections, before.max_connections);
        EXPECT_GE(l.max_parallel_logins, 1u) << have;
        EXPECT_LE(l.max_parallel_logins, before.max_parallel_logins);
        EXPECT_GE(l.max_users, 1u) << have;
        EXPECT_LE(l.max_users, before.max_users);
        EXPECT_LT(2 * l.max_connections + s.listen.size(), have);
        EXPECT_LT(2 * (l.max_parallel_logins + l.max_users), have);
    }
    EXPECT_TRUE(served);
}

TEST(OwnLimits, s8_10_TheUsualSmallLimitsServe)
{
    for (const auto& [have, connections] : {std::pair{64u, 15u}, {256u, 90u}, {512u, 200u}}) {
        settings s = usual();
        ASSERT_TRUE(fit_open_files(s, have)) << have;
        EXPECT_GE(s.limits.max_connections, connections) << have;
    }
    settings s = usual();
    EXPECT_FALSE(fit_open_files(s, 20));
    s.fronts = 50;
    EXPECT_FALSE(fit_open_files(s, 100)) << "the monitor has every listening socket";
}

TEST(OwnLimits, s8_10_FewConnectionsThatWereAskedForStayFew)
{
    settings s = usual();
    s.limits.max_connections = 2;
    ASSERT_TRUE(fit_open_files(s, 40));
    EXPECT_EQ(s.limits.max_connections, 2u);
}

} // namespace
