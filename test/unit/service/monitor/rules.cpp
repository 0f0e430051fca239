#include "service/monitor/rules.h"

#include <gtest/gtest.h>

using namespace winrm::service;
using namespace winrm::service::monitor;

namespace {

template <class T> const rule* from_front(peer_state in)
{
    return wire::find_rule(front_rules, in, wire::frame_index<T>());
}
template <class T> const rule* from_user(peer_state in)
{
    return wire::find_rule(user_rules, in, wire::frame_index<T>());
}

} // namespace

TEST(Rules, OnlyTheListedFramesAreTakenAndOnlyInTheirState)
{
    std::size_t allowed = 0;
    for (const peer_state in : {peer_state::starting, peer_state::serving, peer_state::draining, peer_state::stopping})
        for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame) {
            if (wire::find_rule(front_rules, in, frame)) ++allowed;
            if (wire::find_rule(user_rules, in, frame)) ++allowed;
            if (wire::find_rule(token_rules, in, frame)) ++allowed;
        }
    EXPECT_EQ(allowed, front_rules.size() + user_rules.size() + token_rules.size());
    // A verdict on a token comes from the process that reads tokens, and from nobody else.
    EXPECT_EQ(from_front<wire::token_answer>(peer_state::serving), nullptr);
    EXPECT_EQ(from_user<wire::token_answer>(peer_state::serving), nullptr);
    EXPECT_EQ(wire::find_rule(token_rules, peer_state::starting, wire::frame_index<wire::token_answer>()), nullptr);
    EXPECT_EQ(wire::find_rule(token_rules, peer_state::serving, wire::frame_index<wire::login_request>()), nullptr);
    EXPECT_EQ(from_front<wire::login_request>(peer_state::starting), nullptr);
    ASSERT_NE(from_front<wire::ready>(peer_state::starting), nullptr);
    EXPECT_EQ(from_front<wire::ready>(peer_state::starting)->what, duty::note_ready);
    EXPECT_EQ(from_front<wire::ready>(peer_state::serving), nullptr); // once
    EXPECT_EQ(from_user<wire::ready>(peer_state::serving), nullptr);
    EXPECT_EQ(from_user<wire::login_request>(peer_state::serving), nullptr);
    EXPECT_EQ(from_front<wire::user_status>(peer_state::serving), nullptr);
    ASSERT_NE(from_front<wire::login_request>(peer_state::serving), nullptr);
    EXPECT_EQ(from_front<wire::login_request>(peer_state::serving)->what, duty::check_login);
    EXPECT_EQ(from_front<wire::login_request>(peer_state::stopping)->what, duty::ignore);
    EXPECT_EQ(from_front<wire::login_withdrawn>(peer_state::draining)->what, duty::drop_login);
    EXPECT_EQ(from_front<wire::login_withdrawn>(peer_state::starting), nullptr);
    EXPECT_EQ(from_user<wire::login_withdrawn>(peer_state::serving), nullptr);
}
