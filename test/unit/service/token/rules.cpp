// What the monitor may say to the process that reads tokens.
#include "service/token/rules.h"

#include <gtest/gtest.h>

#include <optional>

namespace winrm::service::token {
namespace {

template <class T> std::optional<token_duty> duty_in(token_state in)
{
    const rule* r = wire::find_rule(monitor_rules, in, wire::frame_index<T>());
    return r ? std::optional{r->what} : std::nullopt;
}

TEST(token_rules, only_the_listed_frames_are_taken_and_only_in_their_state)
{
    std::size_t allowed = 0;
    for (const token_state in : {token_state::starting, token_state::serving})
        for (std::size_t frame = 0; frame < std::variant_size_v<wire::frame>; ++frame)
            if (wire::find_rule(monitor_rules, in, frame)) ++allowed;
    EXPECT_EQ(allowed, monitor_rules.size()) << "each row is found: none is hidden by another";
    EXPECT_EQ(duty_in<wire::token_setup>(token_state::starting), token_duty::begin);
    EXPECT_EQ(duty_in<wire::token_setup>(token_state::serving), token_duty::take_settings);
    EXPECT_EQ(duty_in<wire::token_step>(token_state::starting), std::nullopt);
    EXPECT_EQ(duty_in<wire::token_answer>(token_state::serving), std::nullopt);
    EXPECT_EQ(duty_in<wire::login_request>(token_state::serving), std::nullopt);
}

} // namespace
} // namespace winrm::service::token
