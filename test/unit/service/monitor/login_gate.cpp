#include "service/monitor/login_gate.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;
using std::chrono::milliseconds;

namespace {

const base::time_point start = base::time_point{} + std::chrono::hours{1};

void fail(login_gate& g, const std::string& source, const std::string& account, int times, base::time_point now = start)
{
    for (int i = 0; i < times; ++i) g.failed(source, account, now);
}

TEST(LoginGate, FirstFailuresCostNothing)
{
    login_gate g;
    EXPECT_EQ(g.settle("1.2.3.4", "ada", start), start);
    fail(g, "1.2.3.4", "ada", 2);
    EXPECT_EQ(g.settle("1.2.3.4", "ada", start), start);
}

TEST(LoginGate, DelayDoublesUpToALimit)
{
    login_gate g;
    fail(g, "1.2.3.4", "ada", 3);
    base::time_point now = start;
    milliseconds expected = login_gate::first_delay;
    for (int i = 0; i < 8; ++i) {
        const base::time_point when = g.settle("1.2.3.4", "ada", now);
        EXPECT_EQ(when - now, expected) << i;
        now = when;
        g.failed("1.2.3.4", "ada", now);
        expected = std::min(expected * 2, login_gate::longest_delay);
    }
}

TEST(LoginGate, ParallelAttemptsWaitInARow)
{
    login_gate g;
    fail(g, "1.2.3.4", "ada", 4);
    const auto first = g.settle("1.2.3.4", "ada", start), second = g.settle("1.2.3.4", "ada", start);
    EXPECT_EQ(second - first, first - start);
    base::time_point last = second;
    for (int i = 0; i < 1000; ++i) last = g.settle("1.2.3.4", "ada", start);
    EXPECT_GT(last - start, login_gate::longest_wait);                      // refused from here on,
    EXPECT_LE(last - start, login_gate::longest_wait + milliseconds{1000}); // and the refused do not lengthen the row
}

TEST(LoginGate, OthersAreNotHeldUp)
{
    login_gate g;
    fail(g, "1.2.3.4", "ada", 9);
    EXPECT_EQ(g.settle("1.2.3.4", "bob", start), start);
    EXPECT_EQ(g.settle("5.6.7.8", "ada", start), start);
}

TEST(LoginGate, OneSourceTryingManyAccountsIsSlowed)
{
    login_gate g;
    for (int i = 0; i < 10; ++i) g.failed("1.2.3.4", "user" + std::to_string(i), start);
    EXPECT_GT(g.settle("1.2.3.4", "fresh", start), start);
    EXPECT_EQ(g.settle("1.2.3.5", "fresh", start), start);
}

TEST(LoginGate, OneAccountTriedFromManySourcesIsSlowedButNotLockedOut)
{
    login_gate g;
    for (int i = 0; i < 200; ++i) g.failed("10.0.0." + std::to_string(i), "ada", start);
    for (int i = 0; i < 100; ++i) (void)g.settle("10.1.0." + std::to_string(i), "ada", start);
    const auto when = g.settle("192.0.2.1", "ada", start);
    EXPECT_GT(when, start);
    EXPECT_LE(when - start, login_gate::longest_shared_delay) << "never refused, and never for long";
}

TEST(LoginGate, WhoIsRefusedTakesNoPlaceInAnyRow)
{
    login_gate g;
    for (int i = 0; i < 40; ++i) g.failed("1.2.3.4", "ada", start);
    while (g.settle("1.2.3.4", "ada", start) - start <= login_gate::longest_wait) {}
    for (int i = 0; i < 100; ++i) (void)g.settle("1.2.3.4", "ada", start);
    EXPECT_LE(g.settle("192.0.2.1", "ada", start) - start, login_gate::longest_shared_delay);
}

TEST(LoginGate, SuccessForgivesWhatTheAccountLeftAtItsSource)
{
    login_gate g;
    fail(g, "1.2.3.4", "ada", 12);
    EXPECT_GT(g.settle("1.2.3.4", "bob", start), start);
    g.succeeded("1.2.3.4", "ada", start);
    EXPECT_EQ(g.settle("1.2.3.4", "ada", start), start);
    EXPECT_EQ(g.settle("1.2.3.4", "bob", start), start);
    EXPECT_EQ(g.settle("5.6.7.8", "ada", start), start);
}

TEST(LoginGate, SuccessForgivesNothingThatOthersLeft)
{
    login_gate g;
    for (int i = 0; i < 14; ++i) g.failed("1.2.3.4", "user" + std::to_string(i), start);
    fail(g, "1.2.3.4", "eve", 2);
    g.succeeded("1.2.3.4", "eve", start); // who guesses has a password of his own
    EXPECT_GT(g.settle("1.2.3.4", "ada", start), start);
    login_gate h;
    for (int i = 0; i < 30; ++i) h.failed("10.0.0." + std::to_string(i), "ada", start);
    h.succeeded("1.2.3.4", "ada", start);
    EXPECT_GT(h.settle("10.0.1.1", "ada", start), start);
}

TEST(LoginGate, WhoLoggedInFromThereWaitsForNobodyElsesGuesses)
{
    login_gate g;
    g.succeeded("1.2.3.4", "ada", start);
    for (int i = 0; i < 100; ++i) g.failed("1.2.3.4", "user" + std::to_string(i), start);
    for (int i = 0; i < 100; ++i) (void)g.settle("1.2.3.4", "user" + std::to_string(i), start);
    EXPECT_EQ(g.settle("1.2.3.4", "ada", start), start);
    fail(g, "1.2.3.4", "ada", 4); // guessing at this very account is still slowed
    EXPECT_GT(g.settle("1.2.3.4", "ada", start), start);
    const auto later = start + login_gate::known_for + milliseconds{1};
    for (int i = 0; i < 20; ++i) g.failed("1.2.3.4", "user" + std::to_string(i), later);
    EXPECT_GT(g.settle("1.2.3.4", "ada", later), later);
}

TEST(LoginGate, ANewFaceBehindABusyAddressWaitsShortly)
{
    login_gate g;
    for (int i = 0; i < 1000; ++i) g.failed("1.2.3.4", "user" + std::to_string(i % 300), start);
    EXPECT_GT(g.settle("1.2.3.4", "ada", start), start);
    EXPECT_LE(g.settle("1.2.3.4", "bob", start) - start, login_gate::longest_shared_delay * 2);
}

TEST(LoginGate, SprayingFromOneSourceStaysSlow)
{
    login_gate g; // one guess at each of many accounts, each as soon as it is allowed
    base::time_point now = start;
    for (int i = 0; i < 100; ++i) {
        const std::string account = "user" + std::to_string(i);
        now = g.settle("1.2.3.4", account, now);
        g.failed("1.2.3.4", account, now);
    }
    EXPECT_GE(now - start, login_gate::longest_shared_delay * 85);
}

TEST(LoginGate, TimeForgives)
{
    login_gate g;
    fail(g, "1.2.3.4", "ada", 30);
    EXPECT_EQ(g.settle("1.2.3.4", "ada", start + login_gate::memory + milliseconds{1}),
              start + login_gate::memory + milliseconds{1});
}

TEST(LoginGate, TablesAreBounded)
{
    login_gate g;
    for (int i = 0; i < 10'000; ++i)
        g.failed("2001:db8:" + std::to_string(i % 9999) + "::1", "user" + std::to_string(i), start + milliseconds{i});
    EXPECT_LE(g.size(), 3 * login_gate::max_entries);
    for (int i = 0; i < 10'000; ++i) g.succeeded("1.2.3.4", "good" + std::to_string(i), start + milliseconds{i});
    EXPECT_LE(g.size(), 4 * login_gate::max_entries);
}

TEST(LoginGate, Ipv6IsCountedByNetwork)
{
    login_gate g;
    fail(g, "2001:db8:1:2::1", "ada", 4);
    EXPECT_GT(g.settle("2001:db8:1:2:ffff::9", "ada", start), start);
}

TEST(LoginGate, NoMoreRunAtOnceThanMayFailForFree)
{
    login_gate g;
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start).login, 3u);
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start).source, 10u);
    fail(g, "1.2.3.4", "ada", 2);
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start).login, 1u);
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start).source, 8u);
    EXPECT_EQ(g.room_for("1.2.3.4", "bob", start).login, 3u);
    fail(g, "1.2.3.4", "ada", 20);
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start).login, 1u);
    EXPECT_EQ(g.room_for("1.2.3.4", "bob", start).source, 1u);
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start + login_gate::memory + milliseconds{1}).login, 3u);
}

TEST(LoginGate, WhoHasLoggedInMayAskManyTimesAtOnceUntilItFails)
{
    login_gate g;
    g.succeeded("1.2.3.4", "ada", start);
    EXPECT_GT(g.room_for("1.2.3.4", "ada", start).login, 1000u);
    for (int i = 0; i < 20; ++i) g.failed("1.2.3.4", "user" + std::to_string(i), start);
    EXPECT_GT(g.room_for("1.2.3.4", "ada", start).source, 1000u);
    g.failed("1.2.3.4", "ada", start);
    EXPECT_EQ(g.room_for("1.2.3.4", "ada", start).login, 2u);
}

// A token names its account at the end: until then only its source is known.
TEST(LoginGate, WhatNamesNoAccountCountsForItsSource)
{
    login_gate g;
    EXPECT_EQ(g.admit("1.2.3.4", start), start);
    EXPECT_EQ(g.room_for("1.2.3.4", start), 10u);
    for (int i = 0; i < 9; ++i) g.failed("1.2.3.4", start);
    EXPECT_EQ(g.admit("1.2.3.4", start), start);
    EXPECT_EQ(g.room_for("1.2.3.4", start), 1u);
    g.failed("1.2.3.4", start);
    EXPECT_EQ(g.admit("1.2.3.4", start) - start, login_gate::first_delay);
    EXPECT_GT(g.settle("1.2.3.4", "fresh", start), start);
    EXPECT_EQ(g.admit("1.2.3.5", start), start);
    EXPECT_EQ(g.admit("1.2.3.4", start + login_gate::memory + milliseconds{1}),
              start + login_gate::memory + milliseconds{1});
}

TEST(LoginGate, TheFirstStepKeepsNobodyOutAndTakesNoPlace)
{
    login_gate g;
    g.succeeded("1.2.3.4", "ada", start);
    for (int i = 0; i < 500; ++i) g.failed("1.2.3.4", "user" + std::to_string(i), start);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(g.admit("1.2.3.4", start) - start, login_gate::longest_shared_delay);
    EXPECT_EQ(g.settle("1.2.3.4", "ada", start), start) << "known from there";
    EXPECT_EQ(g.settle("1.2.3.4", "new", start) - start, login_gate::longest_shared_delay) << "first in the row";
    for (int i = 0; i < 20; ++i) (void)g.settle("1.2.3.4", "new" + std::to_string(i), start);
    EXPECT_GT(g.settle("1.2.3.4", "new", start) - start, login_gate::longest_wait);
}

} // namespace
