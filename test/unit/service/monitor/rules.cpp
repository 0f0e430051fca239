#include "service/monitor/rules.h"

#include <gtest/gtest.h>

using namespace winrm::service;
using namespace winrm::service::monitor;

TEST(Rules, OnlyTheListedFramesAreTakenAndOnlyInTheirState)
{
    std::size_t allowed = 0;
    for (const peer from : {peer::front, peer::user})
        for (const peer_state in :
             {peer_state::starting, peer_state::serving, peer_state::draining, peer_state::stopping})
            for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame)
                if (find_rule(from, in, frame)) ++allowed;
    EXPECT_EQ(allowed, rules.size());
    EXPECT_EQ(find_rule(peer::front, peer_state::starting, frame_login_request), nullptr);
    ASSERT_NE(find_rule(peer::front, peer_state::starting, frame_ready), nullptr);
    EXPECT_EQ(find_rule(peer::front, peer_state::starting, frame_ready)->what, duty::note_ready);
    EXPECT_EQ(find_rule(peer::front, peer_state::serving, frame_ready), nullptr); // once
    EXPECT_EQ(find_rule(peer::user, peer_state::serving, frame_ready), nullptr);
    EXPECT_EQ(find_rule(peer::user, peer_state::serving, frame_login_request), nullptr);
    EXPECT_EQ(find_rule(peer::front, peer_state::serving, frame_user_status), nullptr);
    ASSERT_NE(find_rule(peer::front, peer_state::serving, frame_login_request), nullptr);
    EXPECT_EQ(find_rule(peer::front, peer_state::serving, frame_login_request)->what, duty::check_login);
    EXPECT_EQ(find_rule(peer::front, peer_state::stopping, frame_login_request)->what, duty::ignore);
    EXPECT_EQ(find_rule(peer::front, peer_state::draining, frame_login_withdrawn)->what, duty::drop_login);
    EXPECT_EQ(find_rule(peer::front, peer_state::starting, frame_login_withdrawn), nullptr);
    EXPECT_EQ(find_rule(peer::user, peer_state::serving, frame_login_withdrawn), nullptr);
}
