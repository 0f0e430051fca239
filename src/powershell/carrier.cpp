#include "powershell/carrier.h"

#include "base/base64.h"

#include <algorithm>
#include <utility>

namespace winrm::powershell {
namespace {

using shell::command_number;
using shell::shell_itself;

shell::client_options for_powershell(shell::client_options o, bool one_pipeline)
{
    o.streams_of_shell = true;
    o.signal_after_done = !one_pipeline;
    o.create.input_streams = {"stdin", "pr"};
    o.create.output_streams = {"stdout"};
    return o;
}

} // namespace

carrier::carrier(carrier_options options)
    : options_(std::move(options)), paced_(for_powershell(options_.shell, options_.one_pipeline), options_.pace)
{}

// ---- orders

void carrier::take(psrp::carry wanted, base::time_point now)
{
    if (phase_ != carrier_phase::carrying) return;
    const auto id = wanted.id;
    std::visit([this, id](auto&& what) { carry(id, std::move(what)); }, std::move(wanted.what));
    if (close_asked_) clean_up_from(now);
}

void carrier::begin(psrp::carry_id id, kind what, command_number n) { orders_.push_back({id, what, n}); }

void carrier::done_at_once(psrp::carry_id id) { events_.emplace_back(order_done{id}); }

void carrier::done(kind what, command_number n)
{
    const auto at =
        std::find_if(orders_.begin(), orders_.end(), [&](const order& o) { return o.what == what && o.command == n; });
    if (at == orders_.end()) return;
    events_.emplace_back(order_done{at->id});
    orders_.erase(at);
}

/// @return false: there is no such order
bool carrier::fail(kind what, command_number n, const winrm::error& e)
{
    const auto at =
        std::find_if(orders_.begin(), orders_.end(), [&](const order& o) { return o.what == what && o.command == n; });
    if (at == orders_.end()) return false;
    events_.emplace_back(order_failed{at->id, e});
    orders_.erase(at);
    return true;
}

void carrier::carry(psrp::carry_id id, psrp::carry_open&& o)
{
    begin(id, kind::open);
    client().open(std::move(o.fragments));
}

void carrier::carry(psrp::carry_id id, psrp::carry_connect&& o)
{
    begin(id, kind::connect);
    const auto& create = options_.shell.create;
    client().connect({create.resource_uri,
                      create.shell_id,
                      {},
                      std::move(o.fragments),
                      create.protocol_version,
                      create.compression});
}

void carrier::carry(psrp::carry_id id, psrp::carry_connect_pipeline&& o)
{
    const auto n = client().connect_command(o.pipeline.text());
    pipelines_[o.pipeline] = {n};
    begin(id, kind::pipeline, n);
}

void carrier::carry(psrp::carry_id id, psrp::carry_pipeline&& o)
{
    shell::start_command c;
    c.command_id = o.pipeline.text();
    c.arguments.push_back(base::base64_encode(o.fragments));
    const auto n = client().run(std::move(c));
    pipelines_[o.pipeline] = {n};
    begin(id, kind::pipeline, n);
}

void carrier::carry(psrp::carry_id id, psrp::carry_data&& o)
{
    command_number n = shell_itself;
    if (o.pipeline) {
        const auto number = running(*o.pipeline);
        if (!number) return done_at_once(id); // it has ended: nobody reads that
        n = *number;
    }
    const bool prompts = o.stream == psrp::carry_stream::prompt_response;
    begin(id, prompts ? kind::prompts : kind::data, n);
    client().send_input(n, std::move(o.fragments), false, prompts ? "pr" : "stdin");
}

void carrier::carry(psrp::carry_id id, psrp::carry_stop&& o)
{
    const auto number = running(o.pipeline);
    if (!number) return done_at_once(id);
    begin(id, kind::stop, *number);
    client().signal(*number, shell::signal_code::stop);
}

void carrier::carry(psrp::carry_id id, psrp::carry_close_pipeline&& o)
{
    const auto node = pipelines_.extract(o.pipeline);
    if (node.empty()) return done_at_once(id);
    const auto n = node.mapped().number;
    if (!options_.one_pipeline) client().abandon(n);
    // Its id may be used again: that Command must not overtake this Signal, nor a Receive of the old one get its
    // output.
    if (client().under_way(n)) begin(id, kind::close_pipeline, n);
    else done_at_once(id);
}

void carrier::carry(psrp::carry_id id, psrp::carry_close&&)
{
    begin(id, kind::close);
    close_asked_ = true;
}

void carrier::carry(psrp::carry_id id, psrp::carry_disconnect&&)
{
    begin(id, kind::disconnect);
    if (!client().disconnect()) fail(kind::disconnect, shell_itself, error(errc::internal, "the shell is not open"));
}

void carrier::carry(psrp::carry_id id, psrp::carry_reconnect&&)
{
    begin(id, kind::reconnect);
    if (!client().reconnect())
        fail(kind::reconnect, shell_itself, error(errc::internal, "the shell is not disconnected"));
}

void carrier::close(base::time_point now)
{
    if (phase_ == carrier_phase::carrying) clean_up_from(now);
}

void carrier::clean_up_from(base::time_point now)
{
    phase_ = carrier_phase::cleaning;
    client().close();
    paced_.drop_waiting();
    cleanup_ = now + options_.cleanup_time;
}

// ---- what arrived

void carrier::handle_reply(shell::exchange_id id, const wsman::incoming_reply& reply, base::time_point now)
{
    if (paced_.replied(id, reply, now)) client().handle_reply(id, reply);
}

void carrier::handle_failure(shell::exchange_id id, winrm::error e, base::time_point now)
{
    const auto lost = paced_.failed(id, e, now);
    if (!lost) return;
    if (lost->what == shell::exchange_verb::receive && lost->pause && !lost->nothing_missing) uncertain_ = true;
    client().handle_failure(id, std::move(e), lost->pause.has_value(), lost->pause.value_or(base::milliseconds{0}));
}

const base::uuid* carrier::pipeline_of(command_number n) const
{
    const auto at =
        std::find_if(pipelines_.begin(), pipelines_.end(), [n](const auto& p) { return p.second.number == n; });
    return at == pipelines_.end() ? nullptr : &at->first;
}

std::optional<command_number> carrier::running(const base::uuid& id) const
{
    const auto at = pipelines_.find(id);
    return at == pipelines_.end() || at->second.ended ? std::nullopt : std::optional(at->second.number);
}

void carrier::fail_all(command_number n, const winrm::error& e)
{
    const auto* id = pipeline_of(n);
    bool told = false;
    for (const kind k : {kind::pipeline, kind::data, kind::prompts, kind::stop}) told = fail(k, n, e) || told;
    if (id == nullptr) return;
    pipelines_[*id].ended = true;
    if (!told) events_.emplace_back(pipeline_ended{*id, e});
}

std::optional<carrier_event> carrier::poll_event(base::time_point now)
{
    if (paced_.paused()) return std::nullopt;
    while (events_.empty()) {
        auto e = client().poll_event();
        if (!e) break;
        translate(std::move(*e), now);
    }
    if (!events_.empty()) {
        auto out = std::move(events_.front());
        events_.pop_front();
        return out;
    }
    if (phase_ < carrier_phase::over && client().finished()) phase_ = carrier_phase::over;
    if (phase_ != carrier_phase::over) return std::nullopt;
    phase_ = carrier_phase::finished;
    return carrier_finished{};
}

void carrier::translate(shell::client_event&& event, base::time_point now)
{
    using namespace shell;
    if (std::holds_alternative<shell_opened>(event)) {
        done(kind::open, shell_itself);
        done(kind::connect, shell_itself);
    } else if (auto* connected = std::get_if<shell_connected>(&event)) {
        const auto* id = pipeline_of(connected->command);
        if (!connected->response_xml.empty())
            events_.emplace_back(fragments_arrived{id == nullptr ? std::nullopt : std::optional(*id),
                                                   std::move(connected->response_xml)});
    } else if (const auto* started = std::get_if<command_started>(&event)) {
        done(kind::pipeline, started->command);
    } else if (auto* output = std::get_if<command_output>(&event)) {
        const auto* id = pipeline_of(output->command);
        if (id == nullptr && output->command != shell_itself) return;
        events_.emplace_back(
            fragments_arrived{id == nullptr ? std::nullopt : std::optional(*id), std::move(output->data)});
    } else if (const auto* taken = std::get_if<input_taken>(&event)) {
        done(taken->stream == "pr" ? kind::prompts : kind::data, taken->command);
    } else if (const auto* signalled = std::get_if<signal_answered>(&event)) {
        if (signalled->code == signal_code::stop) done(kind::stop, signalled->command);
    } else if (const auto* quiet = std::get_if<command_quiet>(&event)) {
        done(kind::close_pipeline, quiet->command);
    } else if (const auto* ended = std::get_if<command_done>(&event)) {
        for (const kind k : {kind::pipeline, kind::data, kind::prompts, kind::stop}) done(k, ended->command);
        const auto* id = pipeline_of(ended->command);
        if (id == nullptr) return;
        pipelines_[*id].ended = true;
        events_.emplace_back(pipeline_ended{*id, {}});
    } else if (const auto* failed = std::get_if<command_failed>(&event)) {
        if (phase_ == carrier_phase::carrying) fail_all(failed->command, failed->error);
    } else if (auto* gone = std::get_if<shell_failed>(&event)) {
        if (phase_ != carrier_phase::carrying) return;
        clean_up_from(now);
        if (!fail(kind::open, shell_itself, gone->error) && !fail(kind::connect, shell_itself, gone->error))
            events_.emplace_back(carrier_lost{std::move(gone->error)});
    } else if (std::holds_alternative<shell_disconnected>(event)) {
        done(kind::disconnect, shell_itself);
    } else if (std::holds_alternative<shell_reconnected>(event)) {
        done(kind::reconnect, shell_itself);
    } else if (std::holds_alternative<shell_closed>(event)) {
        done(kind::close, shell_itself);
    }
}

// ---- time

base::time_point carrier::deadline() const noexcept
{
    if (phase_ >= carrier_phase::over) return base::time_point::max();
    return std::min(cleanup_, paced_.deadline());
}

void carrier::handle_timeout(base::time_point now)
{
    if (cleanup_ > now || phase_ >= carrier_phase::over) return;
    if (phase_ == carrier_phase::forcing) {
        done(kind::close, shell_itself);
        phase_ = carrier_phase::over;
        return;
    }
    phase_ = carrier_phase::forcing;
    cleanup_ = now + options_.cleanup_time;
    client().close_now();
}

} // namespace winrm::powershell
