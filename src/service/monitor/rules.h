// What another process may say to the monitor, and when. Everything else ends that process.
#pragma once

#include "service/wire/frames.h"

#include <array>
#include <string_view>

namespace winrm::service::monitor {

enum class peer { front, user };
enum class peer_state { starting, serving, draining, stopping };
enum class duty { check_login, drop_login, note_status, note_ready, note_life, ignore };

/// One row: this frame from this peer in this state. `frame` is the index in wire::frame.
struct rule
{
    peer from;
    peer_state in;
    std::size_t frame;
    duty what;
};

inline constexpr std::size_t frame_login_request = 2, frame_user_status = 7, frame_ready = 9,
                             frame_login_withdrawn = 12, frame_pong = 16;
static_assert(std::is_same_v<std::variant_alternative_t<frame_login_request, wire::frame>, wire::login_request>);
static_assert(std::is_same_v<std::variant_alternative_t<frame_user_status, wire::frame>, wire::user_status>);
static_assert(std::is_same_v<std::variant_alternative_t<frame_ready, wire::frame>, wire::ready>);
static_assert(std::is_same_v<std::variant_alternative_t<frame_login_withdrawn, wire::frame>, wire::login_withdrawn>);
static_assert(std::is_same_v<std::variant_alternative_t<frame_pong, wire::frame>, wire::pong>);

inline constexpr std::array rules{
    rule{peer::front, peer_state::starting, frame_ready, duty::note_ready},
    rule{peer::front, peer_state::stopping, frame_ready, duty::ignore},
    rule{peer::front, peer_state::serving, frame_login_request, duty::check_login},
    rule{peer::front, peer_state::draining, frame_login_request, duty::check_login},
    rule{peer::front, peer_state::stopping, frame_login_request, duty::ignore},
    rule{peer::front, peer_state::serving, frame_login_withdrawn, duty::drop_login},
    rule{peer::front, peer_state::draining, frame_login_withdrawn, duty::drop_login},
    rule{peer::front, peer_state::stopping, frame_login_withdrawn, duty::ignore},
    rule{peer::front, peer_state::starting, frame_pong, duty::note_life},
    rule{peer::front, peer_state::serving, frame_pong, duty::note_life},
    rule{peer::front, peer_state::draining, frame_pong, duty::note_life},
    rule{peer::front, peer_state::stopping, frame_pong, duty::ignore},
    rule{peer::user, peer_state::serving, frame_pong, duty::note_life},
    rule{peer::user, peer_state::stopping, frame_pong, duty::ignore},
    rule{peer::user, peer_state::serving, frame_user_status, duty::note_status},
    rule{peer::user, peer_state::stopping, frame_user_status, duty::ignore},
};

[[nodiscard]] constexpr const rule* find_rule(peer from, peer_state in, std::size_t frame) noexcept
{
    for (const rule& r : rules)
        if (r.from == from && r.in == in && r.frame == frame) return &r;
    return nullptr;
}

} // namespace winrm::service::monitor
