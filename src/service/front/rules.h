// What the monitor and a user process may say to a front, and when. Anything else ends the front with exit status 1, or
// that connection's way to the user process.
#pragma once

#include "service/wire/rules.h"

namespace winrm::service::front {

enum class front_state { starting, serving, draining, stopping };
enum class front_duty { begin, pass_login_answer, note_login_started, answer_ping, drain, stop, end };
using rule = wire::rule<front_state, front_duty>;

inline constexpr std::array monitor_rules{
    rule{front_state::starting, wire::frame_index<wire::front_setup>(), front_duty::begin},
    rule{front_state::starting, wire::frame_index<wire::ping>(), front_duty::answer_ping},
    rule{front_state::serving, wire::frame_index<wire::ping>(), front_duty::answer_ping},
    rule{front_state::draining, wire::frame_index<wire::ping>(), front_duty::answer_ping},
    rule{front_state::stopping, wire::frame_index<wire::ping>(), front_duty::answer_ping},
    rule{front_state::serving, wire::frame_index<wire::login_answer>(), front_duty::pass_login_answer},
    rule{front_state::draining, wire::frame_index<wire::login_answer>(), front_duty::pass_login_answer},
    rule{front_state::stopping, wire::frame_index<wire::login_answer>(), front_duty::pass_login_answer},
    rule{front_state::serving, wire::frame_index<wire::login_started>(), front_duty::note_login_started},
    rule{front_state::draining, wire::frame_index<wire::login_started>(), front_duty::note_login_started},
    rule{front_state::stopping, wire::frame_index<wire::login_started>(), front_duty::note_login_started},
    rule{front_state::serving, wire::frame_index<wire::drain>(), front_duty::drain},
    rule{front_state::starting, wire::frame_index<wire::stop>(), front_duty::end},
    rule{front_state::serving, wire::frame_index<wire::stop>(), front_duty::stop},
    rule{front_state::draining, wire::frame_index<wire::stop>(), front_duty::stop},
};

/// The request under way of one connection.
enum class exchange_state { none, awaiting_reply };
enum class exchange_duty { pass_reply };
using exchange_rule = wire::rule<exchange_state, exchange_duty>;

inline constexpr std::array user_rules{
    exchange_rule{exchange_state::awaiting_reply, wire::frame_index<wire::reply>(), exchange_duty::pass_reply},
};

} // namespace winrm::service::front
