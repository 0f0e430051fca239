#include "shell/command_run.h"

#include "base/text.h"
#include "shell/client_faults.h"
#include "shell/transition.h"

#include <algorithm>
#include <array>
#include <utility>

namespace winrm::shell {
namespace {

constexpr auto never = base::time_point::max();

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
    : request_(without_unused_input(std::move(request))), paced_(request_.shell, request_.pace),
      limit_(request_.timeout.count() > 0 ? now + request_.timeout : never)
{
    if (request_.attach) {
        result_.shell = *request_.attach;
        client().attach(*request_.attach);
    } else {
        client().open();
    }
    command_ = client().run(request_.command);
}

bool command_run::step(run_step s) noexcept { return take_transition(transitions, phase_, s); }

void command_run::send_input(base::bytes data, bool end) { client().send_input(command_, std::move(data), end); }
void command_run::signal(signal_code code) { client().signal(command_, code); }
void command_run::pause() noexcept
{
    if (!ended()) paced_.pause();
}
void command_run::cancel(base::time_point now) { end(error(errc::cancelled, "the command was cancelled"), now); }

// ---- what is to be sent

std::optional<run_exchange> command_run::poll_request(base::time_point now)
{
    auto out = paced_.poll_request(now);
    if (out && out->request.header.action == wsman::action::command) fate_ = command_fate::unknown;
    return out;
}

// ---- what arrived

void command_run::handle_reply(exchange_id id, const wsman::incoming_reply& reply, base::time_point now)
{
    const auto what = paced_.replied(id, reply, now);
    if (!what) return;
    if (*what == exchange_verb::receive) step(run_step::answered);
    if (*what == exchange_verb::command && reply.fault() && !is_timeout(*reply.fault()))
        fate_ = command_fate::not_started;
    client().handle_reply(id, reply);
}

void command_run::handle_failure(exchange_id id, winrm::error e, base::time_point now)
{
    const auto lost = paced_.failed(id, e, now);
    if (!lost) return;
    if (lost->what == exchange_verb::receive) {
        step(run_step::unanswered);
        // The host may have taken the output off its queue for the answer that was lost.
        if (lost->pause && !ended() && !lost->nothing_missing) result_.output_uncertain = true;
    }
    client().handle_failure(id, explained(lost->what, std::move(e)), lost->pause.has_value(),
                            lost->pause.value_or(milliseconds{0}));
}

// ---- what is to be reported

std::optional<run_event> command_run::poll_event(base::time_point now)
{
    if (paced_.paused()) return std::nullopt;
    if (failure_) return run_ended{*std::exchange(failure_, std::nullopt)};
    while (auto e = client().poll_event()) {
        if (auto reported = translate(std::move(*e), now)) return reported;
    }
    const bool kept_and_quiet = phase_ == keeping && paced_.quiet();
    if (kept_and_quiet || client().finished()) step(run_step::cleaned);
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
        client().close();
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
    client().close();
    clean_up_from(now, request_.cleanup_time);
}

void command_run::clean_up_from(base::time_point now, milliseconds at_most)
{
    paced_.drop_waiting(); // and events that are still queued: the shell may finish
    cleanup_ = now + at_most;
}

// ---- time

base::time_point command_run::deadline() const noexcept
{
    if (phase_ >= over) return never;
    return std::min(ended() ? cleanup_ : limit_, paced_.deadline());
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
    if (phase_ == forcing) client().close_now();
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
error command_run::explained(exchange_verb what, winrm::error e)
{
    switch (what) {
    case exchange_verb::receive:
    case exchange_verb::send: return while_running(std::move(e));
    case exchange_verb::signal: return ended() ? e : while_running(std::move(e));
    case exchange_verb::command: // never sent twice: what became of it is for the user to find out
        if (e.delivery() == delivery::unknown) return command_unclear(std::move(e));
        fate_ = command_fate::not_started;
        return e;
    case exchange_verb::create:
    case exchange_verb::config:
    case exchange_verb::other: break;
    }
    return e;
}

} // namespace winrm::shell
