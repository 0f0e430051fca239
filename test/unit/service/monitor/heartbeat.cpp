#include "service/monitor/heartbeat.h"

#include <gtest/gtest.h>

#include <chrono>

using namespace winrm;
using winrm::service::monitor::heartbeat;
using step = heartbeat::step;
using namespace std::chrono_literals;

namespace {

/// Item 9 of the issue on attacks.
class Heartbeat : public testing::Test
{
protected:
    step at(base::milliseconds time) { return beat.handle_timeout(start + time); }
    base::time_point start{1h};
    heartbeat beat{10s, 30s, start};
};

TEST_F(Heartbeat, AsksOncePerInterval)
{
    EXPECT_EQ(beat.deadline(), start);
    EXPECT_EQ(at(0s), step::ask);
    EXPECT_EQ(beat.deadline(), start + 30s);
    EXPECT_EQ(at(1s), step::nothing);
    beat.answered(start + 1s);
    EXPECT_EQ(beat.deadline(), start + 10s);
    EXPECT_EQ(at(9s), step::nothing);
    EXPECT_EQ(at(10s), step::ask);
    beat.answered(start + 25s); // late, but there
    EXPECT_EQ(beat.deadline(), start + 25s);
    EXPECT_EQ(at(25s), step::ask);
}

TEST_F(Heartbeat, GivesUpOnceAndHearsNothingMore)
{
    EXPECT_EQ(at(0s), step::ask);
    EXPECT_TRUE(beat.alive(start + 10s));
    EXPECT_FALSE(beat.alive(start + 11s)) << "who watches us hears of it before we give up";
    EXPECT_EQ(at(30s), step::give_up);
    EXPECT_EQ(beat.silence(start + 30s), 30s);
    EXPECT_EQ(beat.deadline(), base::time_point::max());
    beat.answered(start + 31s);
    EXPECT_FALSE(beat.alive(start + 31s));
    EXPECT_EQ(at(100s), step::nothing);
}

TEST_F(Heartbeat, WhoSleptHimselfAsksAgain)
{
    EXPECT_EQ(at(0s), step::ask);
    EXPECT_EQ(at(3600s), step::ask) << "stopped or frozen meanwhile; the answer lies in the socket";
    EXPECT_TRUE(beat.alive(start + 3601s));
    EXPECT_EQ(at(3630s), step::give_up);
}

TEST_F(Heartbeat, AnAnswerNobodyAskedForChangesNothing)
{
    beat.answered(start);
    EXPECT_EQ(beat.deadline(), start);
    EXPECT_EQ(at(0s), step::ask);
}

} // namespace
