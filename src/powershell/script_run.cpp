#include "powershell/script_run.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace winrm::powershell {
namespace {

constexpr auto never = base::time_point::max();
/// MaxEnvelopeSizekb of every Windows that speaks protocol 2.2 (manual: clients.md).
constexpr std::size_t envelope_since_2_2 = 512'000;
/// The pool's own Receive occupies a connection, which may cost a login: short scripts do without. It is needed when
/// the server asks for keys, or closes the pool.
constexpr base::milliseconds listen_after{500};

bool since_2_2(const std::string& version)
{
    const auto dot = version.find('.');
    const auto minor = dot == std::string::npos ? std::nullopt : base::parse_unsigned(version.substr(dot + 1));
    return minor && *minor >= 2;
}

carrier_options alone(carrier_options o)
{
    o.one_pipeline = true;
    return o;
}

} // namespace

script_run::script_run(script_request request, base::random_source random, base::time_point now)
    : request_(std::move(request)), carrier_(alone(request_.carrier)), pool_(request_.pool, std::move(random)),
      limit_(request_.timeout.count() > 0 ? now + request_.timeout : never)
{
    pool_.set_piece_size(carrier_.piece_size());
    pool_.open();
    pipeline_ = pool_.run(request_.what);
}

void script_run::pause() noexcept
{
    if (phase_ == phase::running) carrier_.pause();
}

void script_run::cancel(base::time_point now) { end(error(errc::cancelled, "the script was cancelled"), now); }

/// Orders down, answers up, until neither moves.
void script_run::move(base::time_point now)
{
    for (bool moved = true; moved;) {
        moved = false;
        while (auto order = pool_.poll_carry(now)) {
            carrier_.take(std::move(*order), now);
            moved = true;
        }
        while (auto e = pool_.poll_event()) {
            take(std::move(*e), now);
            moved = true;
        }
        // Not more at once than one answer holds: a slow reader has paused the carrier meanwhile.
        if (!events_.empty()) return;
        if (auto e = carrier_.poll_event(now)) {
            take(std::move(*e), now);
            moved = true;
        }
    }
}

std::optional<shell::run_exchange> script_run::poll_request(base::time_point now)
{
    move(now);
    return carrier_.poll_request(now);
}

void script_run::handle_reply(shell::exchange_id id, const wsman::incoming_reply& reply, base::time_point now)
{
    carrier_.handle_reply(id, reply, now);
}

void script_run::handle_failure(shell::exchange_id id, winrm::error e, base::time_point now)
{
    carrier_.handle_failure(id, std::move(e), now);
    // What the pool said may have gone with the answer, and it says it once: the script would wait for ever.
    const auto state = pool_.state();
    const bool opening = state != psrp::runspacepool_state::opened && state != psrp::runspacepool_state::broken &&
                         phase_ == phase::running;
    if (carrier_.output_uncertain() && opening)
        end(error(errc::connection_lost, "the connection was lost while the session was being opened"), now);
}

std::optional<script_event> script_run::poll_event(base::time_point now)
{
    move(now);
    if (events_.empty()) return std::nullopt;
    auto out = std::move(events_.front());
    events_.pop_front();
    return out;
}

void script_run::take(carrier_event&& event, base::time_point now)
{
    if (const auto* done = std::get_if<order_done>(&event)) pool_.handle_done(done->id);
    else if (auto* failed = std::get_if<order_failed>(&event))
        pool_.handle_failure(failed->id, std::move(failed->error));
    else if (const auto* arrived = std::get_if<fragments_arrived>(&event))
        pool_.received(arrived->pipeline, arrived->bytes);
    else if (auto* lost = std::get_if<carrier_lost>(&event)) pool_.handle_lost(std::move(lost->error));
    else if (auto* ended = std::get_if<pipeline_ended>(&event)) {
        // Done, and its last state was not among the fragments: nothing of it can come any more.
        if (phase_ != phase::running) return;
        auto why = ended->error.value_or(error(errc::protocol, "the host ended the script without saying how"));
        if (ended->error || pool_.pipeline_state(pipeline_)) end(std::move(why), now);
    } else if (std::holds_alternative<carrier_finished>(event)) {
        if (phase_ == phase::running) end(error(errc::protocol, "the shell has ended"), now);
        phase_ = phase::finished;
        events_.emplace_back(script_finished{});
    }
}

void script_run::take(psrp::pool_event&& event, base::time_point now)
{
    if (phase_ != phase::running) return;
    using namespace psrp;
    if (const auto* opened = std::get_if<pool_opened>(&event)) {
        if (since_2_2(opened->host.protocol_version)) carrier_.learn_envelope_size(envelope_since_2_2);
        pool_.set_piece_size(carrier_.piece_size());
        carrier_.want_pool_output(false);
        listen_from_ = now + listen_after;
    } else if (auto* state = std::get_if<pipeline_state_changed>(&event)) {
        if (!is_end(state->state)) return;
        if (state->error) return end(std::move(*state->error), now);
        result_.state = state->state;
        result_.reason = std::move(state->reason);
        end(result_, now);
    } else if (auto* broken = std::get_if<pool_broken>(&event)) {
        auto why = std::move(broken->error);
        if (broken->reason) why = std::move(why).with_more(": " + broken->reason->text());
        end(std::move(why), now);
    } else if (std::holds_alternative<psrp::input_wanted>(event)) {
        events_.emplace_back(script_input_possible{});
    } else if (auto* asked = std::get_if<host_call_made>(&event)) {
        if (asked->call.method == host_method::set_should_exit && !asked->call.parameters.empty())
            result_.exit_code = asked->call.parameters.front().as<std::int32_t>();
        // Whatever is answered may need keys.
        if (asked->call.wants_answer()) carrier_.want_pool_output(true);
        events_.emplace_back(std::move(*asked));
    } else if (auto* output = std::get_if<pipeline_output>(&event)) events_.emplace_back(std::move(*output));
    else if (auto* e = std::get_if<pipeline_error>(&event)) events_.emplace_back(std::move(*e));
    else if (auto* text = std::get_if<pipeline_informational>(&event)) events_.emplace_back(std::move(*text));
    else if (auto* info = std::get_if<pipeline_information>(&event)) events_.emplace_back(std::move(*info));
    else if (auto* progress = std::get_if<pipeline_progress>(&event)) events_.emplace_back(std::move(*progress));
}

void script_run::end(result<script_result> how, base::time_point now)
{
    if (phase_ != phase::running) return;
    phase_ = phase::closing;
    if (how) how->output_uncertain = carrier_.output_uncertain();
    events_.emplace_back(script_ended{std::move(how)});
    carrier_.close(now);
}

base::time_point script_run::deadline() const noexcept
{
    if (phase_ == phase::finished) return never;
    auto next = std::min(carrier_.deadline(), pool_.deadline());
    if (phase_ == phase::running) next = std::min({next, limit_, listen_from_});
    return next;
}

void script_run::handle_timeout(base::time_point now)
{
    if (listen_from_ <= now) {
        listen_from_ = never;
        carrier_.want_pool_output(true);
    }
    if (limit_ <= now && phase_ == phase::running) end(out_of_time(), now);
    pool_.handle_timeout(now);
    carrier_.handle_timeout(now);
}

error script_run::out_of_time() const
{
    const auto limit = request_.limit.count() > 0 ? request_.limit : request_.timeout;
    const bool opened = pool_.state() == psrp::runspacepool_state::opened;
    return error(errc::timeout, std::string(opened ? "the script did not end" : "the host did not start the script") +
                                    " within the time limit of " + base::in_seconds(limit) +
                                    (opened ? " and was terminated" : ""))
        .with_remedy(remedy::raise_timeout);
}

} // namespace winrm::powershell
