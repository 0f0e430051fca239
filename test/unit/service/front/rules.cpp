// s9: frames are judged by the table in all three processes; here: what the monitor may say to a front.
#include "service/front/rules.h"

#include <gtest/gtest.h>

#include <optional>

using namespace winrm::service;
using namespace winrm::service::front;

namespace {

template <class T> std::optional<front_duty> duty_in(front_state in)
{
    const rule* r = wire::find_rule(monitor_rules, in, wire::frame_index<T>());
    return r ? std::optional{r->what} : std::nullopt;
}

TEST(FrontRules, OnlyTheListedFramesAreTakenAndOnlyInTheirState)
{
    std::size_t allowed = 0;
    for (const front_state in :
         {front_state::starting, front_state::serving, front_state::draining, front_state::stopping})
        for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame)
            if (wire::find_rule(monitor_rules, in, frame)) ++allowed;
    EXPECT_EQ(allowed, monitor_rules.size()) << "each row is found: none is hidden by another";
}

TEST(FrontRules, TheSetupComesOnceAndFirst)
{
    EXPECT_EQ(duty_in<wire::front_setup>(front_state::starting), front_duty::begin);
    for (const front_state in : {front_state::serving, front_state::draining, front_state::stopping})
        EXPECT_EQ(duty_in<wire::front_setup>(in), std::nullopt);
    EXPECT_EQ(duty_in<wire::login_answer>(front_state::starting), std::nullopt);
    EXPECT_EQ(duty_in<wire::login_started>(front_state::starting), std::nullopt);
    EXPECT_EQ(duty_in<wire::drain>(front_state::starting), std::nullopt);
    EXPECT_EQ(duty_in<wire::stop>(front_state::starting), front_duty::end);
}

TEST(FrontRules, LoginsEndAndLifeIsShownWhileItDrainsAndStops)
{
    for (const front_state in : {front_state::serving, front_state::draining, front_state::stopping}) {
        EXPECT_EQ(duty_in<wire::login_answer>(in), front_duty::pass_login_answer);
        EXPECT_EQ(duty_in<wire::login_started>(in), front_duty::note_login_started);
        EXPECT_EQ(duty_in<wire::ping>(in), front_duty::answer_ping);
    }
    EXPECT_EQ(duty_in<wire::drain>(front_state::serving), front_duty::drain);
    EXPECT_EQ(duty_in<wire::drain>(front_state::draining), std::nullopt);
    EXPECT_EQ(duty_in<wire::stop>(front_state::draining), front_duty::stop);
}

TEST(FrontRules, FramesOfOthersAreNeverTaken)
{
    for (const front_state in :
         {front_state::starting, front_state::serving, front_state::draining, front_state::stopping}) {
        EXPECT_EQ(duty_in<wire::login_request>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::user_setup>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::user_connection>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::request>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::reply>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::pong>(in), std::nullopt);
    }
}

// Issue 9: so are the frames of a connection's exchange with a user process.
TEST(FrontRules, AReplyIsTakenOnlyWhileOneIsAwaitedAndNothingElseEver)
{
    for (const exchange_state in : {exchange_state::none, exchange_state::awaiting_reply})
        for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame)
            EXPECT_EQ(wire::find_rule(user_rules, in, frame) != nullptr,
                      in == exchange_state::awaiting_reply && frame == wire::frame_index<wire::reply>());
}

} // namespace
