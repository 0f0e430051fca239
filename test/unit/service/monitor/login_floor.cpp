#include "service/monitor/login_floor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

using namespace winrm;
using namespace winrm::service::monitor;
using namespace std::chrono_literals;

namespace {

using base::milliseconds;

const base::time_point begin{std::chrono::hours{1000}}; // a virtual clock
constexpr milliseconds deadline{30'000};

milliseconds wait(const login_floor& floor, milliseconds check, std::uint32_t chance = 0)
{
    return std::chrono::duration_cast<milliseconds>(floor.release(begin, begin + check, chance) - begin);
}

TEST(LoginFloor, s8_1_HoldsNothingBeforeItIsSeeded)
{
    login_floor floor;
    floor.took(100ms, begin);
    EXPECT_EQ(wait(floor, 7ms), 7ms);
}

TEST(LoginFloor, s8_1_QuickAndSlowRefusalsLeaveAtTheSameTime)
{
    login_floor floor;
    floor.seed(50ms, deadline);
    const milliseconds usual = wait(floor, 50ms);
    EXPECT_GT(usual, 50ms);
    for (const milliseconds check : {0ms, 2ms, 41ms, 51ms, 60ms, 80ms})
        EXPECT_EQ(wait(floor, check), usual) << check.count();
    EXPECT_EQ(wait(floor, usual + 1ms), 2 * usual) << "whole floors, not one and what is too much";
}

TEST(LoginFloor, s8_1_RisesWithWhatChecksTakeAndSinksHoursLater)
{
    login_floor floor;
    floor.seed(50ms, deadline);
    const auto seeded = floor.floor(begin);
    floor.took(400ms, begin);
    floor.took(2ms, begin + 1s);
    const auto risen = floor.floor(begin + 1s);
    EXPECT_GT(risen, 400ms);
    EXPECT_EQ(wait(floor, 2ms), wait(floor, 400ms));
    // A server behind PAM that is asked for one account in some hours still counts.
    floor.took(2ms, begin + login_floor::window + 1s);
    EXPECT_EQ(floor.floor(begin + login_floor::window + 1s), risen);
    EXPECT_EQ(floor.floor(begin + 3 * login_floor::window), seeded) << "also when nobody has logged in since";
    floor.took(2ms, begin + 2 * login_floor::window + 2s);
    EXPECT_EQ(floor.floor(begin + 2 * login_floor::window + 2s), seeded);
}

TEST(LoginFloor, s8_1_IsBoundedByTheTimeOfACheck)
{
    login_floor floor;
    floor.seed(1h, deadline);
    EXPECT_EQ(wait(floor, 1ms), login_floor::highest);
    EXPECT_EQ(wait(floor, deadline - 1ms), deadline);
    EXPECT_EQ(wait(floor, deadline + 5ms), deadline + 5ms) << "what is late already is not held";
    floor.seed(1h, 1s);
    for (const milliseconds check : {0ms, 900ms, 1'000ms}) EXPECT_EQ(wait(floor, check, 1023), 1s) << check.count();
}

TEST(LoginFloor, s8_1_ChanceAddsAFewPercentAndNeverTakesAway)
{
    login_floor floor;
    floor.seed(80ms, deadline);
    const milliseconds least = wait(floor, 2ms, 0), most = wait(floor, 2ms, 1023);
    EXPECT_GT(most, least);
    EXPECT_LE(most, least + least / 8);
    EXPECT_LE(wait(floor, 2ms, ~0u), most);
}

/// Unknown accounts take 2 ms and known ones a hash, more where the machine is busy: the same times come out.
TEST(LoginFloor, s8_1_TwoKindsOfAccountHaveOneDistribution)
{
    std::mt19937 random{8};
    std::uniform_int_distribution<int> noise{0, 30};
    login_floor floor;
    floor.seed(50ms, deadline);
    for (int i = 0; i < 1'000; ++i) {
        const auto chance = static_cast<std::uint32_t>(random());
        const milliseconds unknown{2 + noise(random) / 10}, known{48 + noise(random)};
        EXPECT_EQ(wait(floor, unknown, chance), wait(floor, known, chance));
        floor.took(known, begin);
        floor.took(unknown, begin);
    }
}

} // namespace
