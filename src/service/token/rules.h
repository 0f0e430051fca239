// What the monitor may say to the process that reads tokens, and when. Anything else ends it with exit status 1.
#pragma once

#include "service/wire/rules.h"

namespace winrm::service::token {

enum class token_state { starting, serving };
enum class token_duty { begin, take_settings, answer_step, drop, answer_ping, end };
using rule = wire::rule<token_state, token_duty>;

inline constexpr std::array monitor_rules{
    rule{token_state::starting, wire::frame_index<wire::token_setup>(), token_duty::begin},
    rule{token_state::serving, wire::frame_index<wire::token_setup>(), token_duty::take_settings},
    rule{token_state::serving, wire::frame_index<wire::token_step>(), token_duty::answer_step},
    rule{token_state::serving, wire::frame_index<wire::token_drop>(), token_duty::drop},
    rule{token_state::starting, wire::frame_index<wire::ping>(), token_duty::answer_ping},
    rule{token_state::serving, wire::frame_index<wire::ping>(), token_duty::answer_ping},
    rule{token_state::starting, wire::frame_index<wire::stop>(), token_duty::end},
    rule{token_state::serving, wire::frame_index<wire::stop>(), token_duty::end},
};

} // namespace winrm::service::token
