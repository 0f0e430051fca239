// What the monitor and a front may say to a user process, and when. Anything else ends it with exit status 1, or that
// connection of the front.
#pragma once

#include "service/wire/rules.h"

namespace winrm::service::user {

enum class user_state { starting, serving, stopping };
enum class user_duty { begin, add_connection, take_settings, answer_ping, stop, ignore };
using rule = wire::rule<user_state, user_duty>;

/// A signal may have begun the stop, so that what the monitor sends to a serving process is then no error.
inline constexpr std::array monitor_rules{
    rule{user_state::starting, wire::frame_index<wire::user_setup>(), user_duty::begin},
    rule{user_state::serving, wire::frame_index<wire::user_connection>(), user_duty::add_connection},
    rule{user_state::stopping, wire::frame_index<wire::user_connection>(), user_duty::ignore},
    rule{user_state::serving, wire::frame_index<wire::user_settings>(), user_duty::take_settings},
    rule{user_state::stopping, wire::frame_index<wire::user_settings>(), user_duty::ignore},
    rule{user_state::starting, wire::frame_index<wire::ping>(), user_duty::answer_ping},
    rule{user_state::serving, wire::frame_index<wire::ping>(), user_duty::answer_ping},
    rule{user_state::stopping, wire::frame_index<wire::ping>(), user_duty::ignore},
    rule{user_state::starting, wire::frame_index<wire::stop>(), user_duty::stop},
    rule{user_state::serving, wire::frame_index<wire::stop>(), user_duty::stop},
    rule{user_state::stopping, wire::frame_index<wire::stop>(), user_duty::ignore},
};

/// One connection of the front: a request is being answered, or none is.
enum class connection_state { idle, answering };
enum class connection_duty { begin_request, answer_now, ignore };
using connection_rule = wire::rule<connection_state, connection_duty>;

/// answer_now may have crossed the reply on the way.
inline constexpr std::array front_rules{
    connection_rule{connection_state::idle, wire::frame_index<wire::request>(), connection_duty::begin_request},
    connection_rule{connection_state::idle, wire::frame_index<wire::answer_now>(), connection_duty::ignore},
    connection_rule{connection_state::answering, wire::frame_index<wire::answer_now>(), connection_duty::answer_now},
};

} // namespace winrm::service::user
