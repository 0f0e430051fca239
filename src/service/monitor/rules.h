// What fronts, user processes and the one that reads tokens may say to the monitor, and when. Everything else ends that
// process.
#pragma once

#include "service/wire/rules.h"

namespace winrm::service::monitor {

enum class peer_state { starting, serving, draining, stopping };
enum class duty { check_login, drop_login, note_status, note_ready, note_life, pass_answer, ignore };
using rule = wire::rule<peer_state, duty>;

inline constexpr std::array front_rules{
    rule{peer_state::starting, wire::frame_index<wire::ready>(), duty::note_ready},
    rule{peer_state::stopping, wire::frame_index<wire::ready>(), duty::ignore},
    rule{peer_state::serving, wire::frame_index<wire::login_request>(), duty::check_login},
    rule{peer_state::draining, wire::frame_index<wire::login_request>(), duty::check_login},
    rule{peer_state::stopping, wire::frame_index<wire::login_request>(), duty::ignore},
    rule{peer_state::serving, wire::frame_index<wire::login_withdrawn>(), duty::drop_login},
    rule{peer_state::draining, wire::frame_index<wire::login_withdrawn>(), duty::drop_login},
    rule{peer_state::stopping, wire::frame_index<wire::login_withdrawn>(), duty::ignore},
    rule{peer_state::starting, wire::frame_index<wire::pong>(), duty::note_life},
    rule{peer_state::serving, wire::frame_index<wire::pong>(), duty::note_life},
    rule{peer_state::draining, wire::frame_index<wire::pong>(), duty::note_life},
    rule{peer_state::stopping, wire::frame_index<wire::pong>(), duty::ignore},
};

inline constexpr std::array token_rules{
    rule{peer_state::starting, wire::frame_index<wire::ready>(), duty::note_ready},
    rule{peer_state::stopping, wire::frame_index<wire::ready>(), duty::ignore},
    rule{peer_state::serving, wire::frame_index<wire::token_answer>(), duty::pass_answer},
    rule{peer_state::stopping, wire::frame_index<wire::token_answer>(), duty::ignore},
    rule{peer_state::starting, wire::frame_index<wire::pong>(), duty::note_life},
    rule{peer_state::serving, wire::frame_index<wire::pong>(), duty::note_life},
    rule{peer_state::stopping, wire::frame_index<wire::pong>(), duty::ignore},
};

/// A user process is serving from its start.
inline constexpr std::array user_rules{
    rule{peer_state::serving, wire::frame_index<wire::pong>(), duty::note_life},
    rule{peer_state::stopping, wire::frame_index<wire::pong>(), duty::ignore},
    rule{peer_state::serving, wire::frame_index<wire::user_status>(), duty::note_status},
    rule{peer_state::stopping, wire::frame_index<wire::user_status>(), duty::ignore},
};

} // namespace winrm::service::monitor
