#include "shell/paced_shell.h"

#include "wsman/config_resource.h"

#include <algorithm>
#include <utility>

namespace winrm::shell {
namespace {

constexpr auto never = base::time_point::max();
/// Not one of client_shell's numbers: they begin at 1.
constexpr exchange_id size_exchange{0};

pace::answer kind_of(const wsman::incoming_reply& reply)
{
    if (reply.fault() && is_timeout(*reply.fault())) return pace::answer::timed_out;
    return is_empty_receive_reply(reply) ? pace::answer::empty : pace::answer::progress;
}

pace_options receive_pace(pace_options o, milliseconds operation_timeout)
{
    // The host answers after the operation timeout at the latest: half of that is no early answer.
    o.no_wait_at_all = std::min(o.no_wait_at_all, operation_timeout / 2);
    return o;
}

} // namespace

paced_shell::paced_shell(const client_options& options, const pace_options& pace)
    : client_(options), options_(pace), receive_options_(receive_pace(pace, options.operation_timeout)), sends_(pace)
{}

paced_shell::receives& paced_shell::receives_of(command_number n)
{
    return receives_.try_emplace(n, receives{pace(receive_options_), {}}).first->second;
}

/// No Receive while the reader is paused: one answer waits for it already, and the host keeps the rest.
bool paced_shell::may_be_sent(const held& h, base::time_point now) const
{
    return h.from <= now && !(paused_ && h.request.repeatable);
}

std::optional<run_exchange> paced_shell::poll_request(base::time_point now)
{
    while (auto out = client_.poll_request()) {
        const auto from = out->repeatable ? std::max(now, receives_of(out->command).rest_until) : now + out->delay;
        held_.push_back({std::move(*out), from});
        if (may_be_sent(held_.back(), now)) break;
    }
    const auto at = std::find_if(held_.begin(), held_.end(), [&](const held& h) { return may_be_sent(h, now); });
    if (at != held_.end()) {
        outgoing out = std::move(at->request);
        held_.erase(at);
        return dispatch(std::move(out), now);
    }
    if (size_asked_ || !client_.wants_envelope_size()) return std::nullopt;
    size_asked_ = true;
    under_way_[size_exchange] = {exchange_verb::config, {}, now};
    wsman::outgoing_request get;
    get.header.action = wsman::action::get;
    get.header.resource_uri = wsman::resource_uri::config;
    return run_exchange{size_exchange, std::move(get), true, false};
}

run_exchange paced_shell::dispatch(outgoing&& out, base::time_point now)
{
    using enum exchange_verb;
    const std::string& action = out.request.header.action;
    const exchange_verb what = out.repeatable                     ? receive
                               : action == wsman::action::create  ? create
                               : action == wsman::action::command ? command
                               : action == wsman::action::send    ? send
                               : action == wsman::action::signal  ? signal
                                                                  : other;
    const bool urgent = what == signal || action == wsman::action::delete_;
    under_way_[out.id] = {what, out.command, now};
    // A lost Receive is asked again by way of failed(), which notes that it was.
    return run_exchange{out.id, std::move(out.request), false, urgent};
}

std::optional<paced_shell::asked> paced_shell::take(exchange_id id)
{
    auto node = under_way_.extract(id);
    if (node.empty()) return std::nullopt;
    return node.mapped();
}

std::optional<exchange_verb> paced_shell::replied(exchange_id id, const wsman::incoming_reply& reply,
                                                  base::time_point now)
{
    const auto was = take(id);
    if (!was) return std::nullopt;
    if (was->what == exchange_verb::receive) {
        const auto took = std::chrono::duration_cast<milliseconds>(now - was->since);
        rest(was->command, receives_of(was->command).pacing.answered(kind_of(reply), took), now);
    } else if (was->what == exchange_verb::send) {
        static_cast<void>(sends_.answered(pace::answer::progress, {}));
    } else if (was->what == exchange_verb::config) {
        // Accounts without administrator's rights are refused; then the size that every Windows takes stays.
        if (reply.fault()) return std::nullopt;
        if (auto config = wsman::read_config(reply.payload()))
            client_.learn_envelope_size(config->max_envelope_size_kb * 1024);
        return std::nullopt;
    }
    return was->what;
}

std::optional<paced_shell::lost> paced_shell::failed(exchange_id id, const winrm::error& e, base::time_point now)
{
    const auto was = take(id);
    if (!was || was->what == exchange_verb::config) return std::nullopt;
    const bool receive = was->what == exchange_verb::receive;
    const bool not_sent = e.delivery() == delivery::not_sent;
    lost out{was->what, e.delivery() != delivery::unknown || client_.repeats_lost_output(), {}};
    // A Receive may happen twice; a Send only when the first one did not happen.
    if (receive || (was->what == exchange_verb::send && e.delivery() != delivery::unknown)) {
        errc why = e.code();
        if (not_sent && why == errc::timeout) why = errc::connect; // no host there, rather than a silent one
        if (receive && out.nothing_missing && why == errc::answer_cut) why = errc::connection_lost;
        out.pause = (receive ? receives_of(was->command).pacing : sends_).failed(why);
    }
    if (receive && out.pause) rest(was->command, *out.pause, now);
    return out;
}

/// Until the next Receive.
void paced_shell::rest(command_number n, milliseconds time, base::time_point now)
{
    if (!ending_ && time.count() > 0) receives_of(n).rest_until = now + time;
}

void paced_shell::drop_waiting()
{
    paused_ = false;
    ending_ = true;
    // client_ must know what will not be sent, above all of a Create.
    for (const held& h : std::exchange(held_, {}))
        client_.handle_failure(h.request.id, error(errc::cancelled, "the command was cancelled"), false);
    receives_.clear();
}

base::time_point paced_shell::deadline() const noexcept
{
    base::time_point next = never;
    for (const held& h : held_) {
        if (may_be_sent(h, h.from)) next = std::min(next, h.from);
    }
    return next;
}

} // namespace winrm::shell
