#include "shell/command_run.h"

#include "base/text.h"
#include "shell/client_faults.h"
#include "shell/transition.h"
#include "wsman/config_resource.h"

#include <algorithm>
#include <array>
#include <utility>

namespace winrm::shell {
namespace {

constexpr auto never = base::time_point::max();
/// Not one of client_shell's numbers: they begin at 1.
constexpr exchange_id size_exchange{0};

using enum run_phase;
constexpr std::array<run_transition, 17> transitions{{
    {starting, run_step::started, running},
    {starting, run_step::ended, cleaning},
    {running, run_step::answered, running},
    {running, run_step::unanswered, lost},
    {running, run_step::kept, keeping},
    {running, run_step::ended, cleaning},
    {lost, run_step::answered, running},
    {lost, run_step::unanswered, lost},
    {lost, run_step::ended, cleaning},
    {keeping, run_step::ended, cleaning}, // cancelled after all: the shell goes too
    {keeping, run_step::late, over},
    {keeping, run_step::cleaned, over},
    {cleaning, run_step::late, forcing},
    {cleaning, run_step::cleaned, over},
    {forcing, run_step::late, over},
    {forcing, run_step::cleaned, over},
    {over, run_step::reported, finished},
}};

pace::answer kind_of(const wsman::incoming_reply& reply)
{
    if (reply.fault() && is_timeout(*reply.fault())) return pace::answer::timed_out;
    return is_empty_receive_reply(reply) ? pace::answer::empty : pace::answer::progress;
}

pace_options pace_of(const run_request& r)
{
    pace_options o = r.pace;
    // The host answers after the operation timeout at the latest: half of that is no early answer.
    o.no_wait_at_all = std::min(o.no_wait_at_all, r.shell.operation_timeout / 2);
    return o;
}

run_request without_unused_input(run_request r)
{
    if (!r.has_input) r.shell.create.input_streams.clear(); // MS-WSMV 2.2.4.37: may be left out then
    return r;
}

constexpr std::string_view still_there = "; the command may be running there still";

/// "nothing listens there" alone would mislead: the host was there a moment ago.
error while_running(error e)
{
    switch (e.code()) {
    case errc::unresolved:
    case errc::connect:
    case errc::connection_lost:
    case errc::answer_cut:
    case errc::timeout: break;
    default: return e;
    }
    if (e.delivery() == delivery::not_sent)
        e.with_message(errc::connection_lost,
                       "the connection was lost while the command ran and could not be made again: ", {});
    return std::move(e).with_more(still_there).with_remedy(remedy::list_shells);
}

} // namespace

std::span<const run_transition> run_transitions() noexcept { return transitions; }

command_run::command_run(run_request request, base::time_point now)
    : request_(without_unused_input(std::move(request))), client_(request_.shell), receives_(pace_of(request_)),
      sends_(request_.pace), limit_(request_.timeout.count() > 0 ? now + request_.timeout : never)
{
    if (request_.attach) {
        result_.shell = *request_.attach;
        client_.attach(*request_.attach);
    } else {
        client_.open();
    }
    command_ = client_.run(request_.command);
}

bool command_run::step(run_step s) noexcept { return take_transition(transitions, phase_, s); }

void command_run::send_input(base::bytes data, bool end) { client_.send_input(command_, std::move(data), end); }
void command_run::signal(signal_code code) { client_.signal(command_, code); }
void command_run::pause() noexcept { paused_ = !ended(); }
void command_run::cancel(base::time_point now) { end(error(errc::cancelled, "the command was cancelled"), now); }

// ---- what is to be sent

/// No Receive while the reader is paused: one answer waits for it already, and the host keeps the rest.
bool command_run::may_be_sent(const held& h, base::time_point now) const
{
    return h.from <= now && !(paused_ && h.request.repeatable);
}

std::optional<run_exchange> command_run::poll_request(base::time_point now)
{
    while (auto out = client_.poll_request()) {
        const auto from = out->repeatable ? std::max(now, rest_until_) : now + out->delay;
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
    under_way_[size_exchange] = {verb::config, now};
    wsman::outgoing_request get;
    get.header.action = wsman::action::get;
    get.header.resource_uri = wsman::resource_uri::config;
    return run_exchange{size_exchange, std::move(get), true, false};
}

run_exchange command_run::dispatch(outgoing&& out, base::time_point now)
{
    const std::string& action = out.request.header.action;
    const verb what = out.repeatable                     ? verb::receive
                      : action == wsman::action::command ? verb::command
                      : action == wsman::action::send    ? verb::send
                      : action == wsman::action::signal  ? verb::signal
                                                         : verb::other;
    const bool urgent = what == verb::signal || action == wsman::action::delete_;
    if (what == verb::command) fate_ = command_fate::unknown;
    under_way_[out.id] = {what, now};
    // A lost Receive is asked again by handle_failure(), which notes that it was.
    return run_exchange{out.id, std::move(out.request), false, urgent};
}

// ---- what arrived

std::optional<command_run::asked> command_run::take(exchange_id id)
{
    auto node = under_way_.extract(id);
    if (node.empty()) return std::nullopt;
    return node.mapped();
}

void command_run::handle_reply(exchange_id id, const wsman::incoming_reply& reply, base::time_point now)
{
    const auto was = take(id);
    if (!was) return;
    switch (was->what) {
    case verb::receive:
        step(run_step::answered);
        rest(receives_.answered(kind_of(reply), std::chrono::duration_cast<milliseconds>(now - was->since)), now);
        break;
    case verb::send: static_cast<void>(sends_.answered(pace::answer::progress, {})); break;
    case verb::command:
        if (reply.fault() && !is_timeout(*reply.fault())) fate_ = command_fate::not_started;
        break;
    case verb::config:
        // Accounts without administrator's rights are refused; then the size that every Windows takes stays.
        if (reply.fault()) return;
        if (auto config = wsman::read_config(reply.payload()))
            client_.learn_envelope_size(config->max_envelope_size_kb * 1024);
        return;
    case verb::signal:
    case verb::other: break;
    }
    client_.handle_reply(id, reply);
}

void command_run::handle_failure(exchange_id id, winrm::error e, base::time_point now)
{
    const auto was = take(id);
    if (!was || was->what == verb::config) return;
    const bool receive = was->what == verb::receive;
    const bool not_sent = e.delivery() == delivery::not_sent;
    // A Receive may happen twice; a Send only when the first one did not happen.
    std::optional<milliseconds> pause;
    const bool nothing_missing = e.delivery() != delivery::unknown || client_.repeats_lost_output();
    if (receive || (was->what == verb::send && e.delivery() != delivery::unknown)) {
        errc why = e.code();
        if (not_sent && why == errc::timeout) why = errc::connect; // no host there, rather than a silent one
        if (receive && nothing_missing && why == errc::answer_cut) why = errc::connection_lost;
        pause = (receive ? receives_ : sends_).failed(why);
    }
    if (receive) {
        step(run_step::unanswered);
        // The host may have taken the output off its queue for the answer that was lost.
        if (pause && !ended() && !nothing_missing) result_.output_uncertain = true;
        if (pause) rest(*pause, now);
    }
    client_.handle_failure(id, explained(was->what, std::move(e)), pause.has_value(), pause.value_or(milliseconds{0}));
}

/// Until the next Receive.
void command_run::rest(milliseconds time, base::time_point now)
{
    if (!ended() && time.count() > 0) rest_until_ = now + time;
}

// ---- what is to be reported

std::optional<run_event> command_run::poll_event(base::time_point now)
{
    if (paused_) return std::nullopt;
    if (failure_) return run_ended{*std::exchange(failure_, std::nullopt)};
    while (auto e = client_.poll_event()) {
        if (auto reported = translate(std::move(*e), now)) return reported;
    }
    const bool kept_and_quiet = phase_ == keeping && under_way_.empty() && held_.empty();
    if (kept_and_quiet || client_.finished()) step(run_step::cleaned);
    if (step(run_step::reported)) return run_finished{};
    return std::nullopt;
}

std::optional<run_event> command_run::translate(client_event&& event, base::time_point now)
{
    if (auto* opened = std::get_if<shell_opened>(&event)) result_.shell = std::move(opened->info);
    if (std::holds_alternative<command_started>(event)) {
        fate_ = command_fate::started;
        step(run_step::started);
    }
    if (auto* failed = std::get_if<command_failed>(&event)) end(std::move(failed->error), now);
    if (auto* failed = std::get_if<shell_failed>(&event)) end(std::move(failed->error), now);
    if (failure_) return run_ended{*std::exchange(failure_, std::nullopt)};
    if (ended()) return std::nullopt;
    if (auto* output = std::get_if<command_output>(&event)) {
        // Nobody asked for a third stream, and its bytes are no output of the command: only a trace shows them.
        const bool is_err = base::iequals(output->stream, "stderr");
        if (!is_err && !base::iequals(output->stream, "stdout")) return std::nullopt;
        (is_err ? result_.bytes_err : result_.bytes_out) += output->data.size();
        return output_arrived{is_err ? "stderr" : "stdout", std::move(output->data)};
    }
    if (std::holds_alternative<shell::input_wanted>(event) && request_.has_input) return input_possible{};
    if (const auto* d = std::get_if<command_done>(&event)) return done(d->exit_code, now);
    return std::nullopt;
}

std::optional<run_event> command_run::done(std::optional<std::int64_t> exit_code, base::time_point now)
{
    result_.exit_code = exit_code;
    if (request_.keep_shell) {
        step(run_step::kept);
        clean_up_from(now, request_.cleanup_time * 2);
    } else {
        step(run_step::ended);
        client_.close();
        clean_up_from(now, request_.cleanup_time);
    }
    return run_ended{result_};
}

/// Ends with an error; the shell is deleted on the host.
void command_run::end(winrm::error e, base::time_point now)
{
    const bool first = !ended();
    if (!step(run_step::ended)) return;
    if (first) failure_ = std::move(e);
    client_.close();
    clean_up_from(now, request_.cleanup_time);
}

void command_run::clean_up_from(base::time_point now, milliseconds at_most)
{
    paused_ = false; // client_ may finish: events that are still queued are dropped
    // What has not been sent will not be; client_ must know, above all of a Create.
    for (const held& h : std::exchange(held_, {}))
        client_.handle_failure(h.request.id, error(errc::cancelled, "the command was cancelled"), false);
    rest_until_ = {};
    cleanup_ = now + at_most;
}

// ---- time

base::time_point command_run::deadline() const noexcept
{
    if (phase_ >= over) return never;
    base::time_point next = ended() ? cleanup_ : limit_;
    for (const held& h : held_) {
        if (may_be_sent(h, h.from)) next = std::min(next, h.from);
    }
    return next;
}

void command_run::handle_timeout(base::time_point now)
{
    if (!ended()) {
        if (limit_ <= now) end(out_of_time(), now);
        return; // a rest or delay is over: poll_request() has the request
    }
    if (cleanup_ > now || !step(run_step::late)) return;
    cleanup_ = now + request_.cleanup_time;
    // The driver may have been stopped meanwhile: send the Delete now, before the clean-up is given up.
    if (phase_ == forcing) client_.close_now();
}

// ---- words

error command_run::out_of_time() const
{
    const auto limit = request_.limit.count() > 0 ? request_.limit : request_.timeout;
    const std::string within = "within the time limit of " + base::in_seconds(limit);
    const auto say = [&](const std::string& what) {
        return error(errc::timeout, what + within).with_remedy(remedy::raise_timeout);
    };
    switch (fate_) {
    case command_fate::started:
        if (phase_ != lost) return say("the command did not end ").with_more(" and was terminated");
        return say("the command did not end ")
            .with_more(", and the host could not be reached to end it")
            .with_more(still_there)
            .with_remedy(remedy::list_shells);
    case command_fate::unknown:
        return say("the host did not say ")
            .with_more(" that the command has started: it may or may not have")
            .with_remedy(remedy::list_shells);
    case command_fate::not_started: break;
    }
    return say("the host did not start the command ");
}

/// What the failure of this request means for the command.
error command_run::explained(verb what, winrm::error e)
{
    switch (what) {
    case verb::receive:
    case verb::send: return while_running(std::move(e));
    case verb::signal: return ended() ? e : while_running(std::move(e));
    case verb::command: // never sent twice: what became of it is for the user to find out
        if (e.delivery() == delivery::unknown) return command_unclear(std::move(e));
        fate_ = command_fate::not_started;
        return e;
    case verb::config:
    case verb::other: break;
    }
    return e;
}

} // namespace winrm::shell
