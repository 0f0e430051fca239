// s9: frames are judged by the table in all three processes; here: what the monitor may say to a user process.
#include "service/user/rules.h"

#include <gtest/gtest.h>

#include <optional>

using namespace winrm::service;
using namespace winrm::service::user;

namespace {

template <class T> std::optional<user_duty> duty_in(user_state in)
{
    const rule* r = wire::find_rule(monitor_rules, in, wire::frame_index<T>());
    return r ? std::optional{r->what} : std::nullopt;
}

TEST(UserRules, OnlyTheListedFramesAreTakenAndOnlyInTheirState)
{
    std::size_t allowed = 0;
    for (const user_state in : {user_state::starting, user_state::serving, user_state::stopping})
        for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame)
            if (wire::find_rule(monitor_rules, in, frame)) ++allowed;
    EXPECT_EQ(allowed, monitor_rules.size()) << "each row is found: none is hidden by another";
}

TEST(UserRules, TheSetupComesOnceAndFirst)
{
    EXPECT_EQ(duty_in<wire::user_setup>(user_state::starting), user_duty::begin);
    EXPECT_EQ(duty_in<wire::user_setup>(user_state::serving), std::nullopt);
    EXPECT_EQ(duty_in<wire::user_setup>(user_state::stopping), std::nullopt);
    EXPECT_EQ(duty_in<wire::user_connection>(user_state::starting), std::nullopt);
    EXPECT_EQ(duty_in<wire::user_settings>(user_state::starting), std::nullopt);
}

TEST(UserRules, WhatCrossesAStopOnTheWayIsNoError)
{
    for (const auto in :
         {duty_in<wire::user_connection>(user_state::stopping), duty_in<wire::user_settings>(user_state::stopping),
          duty_in<wire::ping>(user_state::stopping), duty_in<wire::stop>(user_state::stopping)})
        EXPECT_EQ(in, user_duty::ignore);
    EXPECT_EQ(duty_in<wire::stop>(user_state::serving), user_duty::stop);
    EXPECT_EQ(duty_in<wire::ping>(user_state::serving), user_duty::answer_ping);
}

TEST(UserRules, FramesOfOthersAreNeverTaken)
{
    for (const user_state in : {user_state::starting, user_state::serving, user_state::stopping}) {
        EXPECT_EQ(duty_in<wire::front_setup>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::login_answer>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::user_status>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::request>(in), std::nullopt);
        EXPECT_EQ(duty_in<wire::drain>(in), std::nullopt);
    }
}

// Issue 9: so are the frames of a front's connection.
TEST(UserRules, AConnectionTakesOneRequestAtATimeAndAnswerNowAlways)
{
    const auto duty = [](connection_state in, std::size_t frame) {
        const connection_rule* r = wire::find_rule(front_rules, in, frame);
        return r ? std::optional{r->what} : std::nullopt;
    };
    const std::size_t request = wire::frame_index<wire::request>(), now = wire::frame_index<wire::answer_now>();
    EXPECT_EQ(duty(connection_state::idle, request), connection_duty::begin_request);
    EXPECT_EQ(duty(connection_state::answering, request), std::nullopt);
    EXPECT_EQ(duty(connection_state::idle, now), connection_duty::ignore);
    EXPECT_EQ(duty(connection_state::answering, now), connection_duty::answer_now);
    for (const connection_state in : {connection_state::idle, connection_state::answering})
        for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame)
            if (frame != request && frame != now) {
                EXPECT_EQ(duty(in, frame), std::nullopt) << frame;
            }
}

} // namespace
