#include "sim/powershell_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::sim {
namespace {

powershell::carrier_options options_of(shell::client_options c)
{
    powershell::carrier_options o;
    o.shell = std::move(c);
    o.shell.create.resource_uri = std::string(wsman::resource_uri::powershell) + "Microsoft.PowerShell";
    o.shell.create.shell_id = "AAAAAAAA-0000-0000-0000-000000000000";
    o.shell.create.protocol_version = "2.3";
    return o;
}

} // namespace

powershell_world::powershell_world(std::vector<script_step> script, shell::client_options c, shell::table_options t)
    : service(std::move(t)), carrier(options_of(std::move(c))), script_(std::move(script))
{}

void powershell_world::fail(shell::exchange_id id, errc code, delivery how)
{
    carrier.handle_failure(id, error(code, "it failed").with_delivery(how), now);
}

void powershell_world::leave(shell::run_exchange&& request)
{
    const auto what = actions.size() == at_ ? what_ : mishap::none;
    const std::string& action = request.request.header.action;
    actions.push_back(action.substr(action.rfind('/') + 1));
    if (what == mishap::not_sent) return fail(request.id, errc::connect, delivery::not_sent);
    if (what == mishap::request_lost) return fail(request.id, errc::connection_lost, delivery::unknown);
    const shell::request_token token{next_token_++};
    request.request.header.message_id = "uuid:" + std::to_string(next_token_);
    auto text = wsman::write_request(request.request);
    octets += text.size();
    if (what == mishap::request_cut) text.resize(text.size() / 2);
    table.handle_request(token, text, "192.0.2.7", now);
    if (what == mishap::answer_lost || what == mishap::answer_cut) {
        while (carry_out_orders()) {}
        table.handle_gone(token, now);
        return fail(request.id, what == mishap::answer_cut ? errc::answer_cut : errc::connection_lost,
                    delivery::unknown);
    }
    waiting_[token] = {request.id, request.request.header.message_id, what};
    if (what == mishap::request_doubled)
        table.handle_request(shell::request_token{next_token_++}, text, "192.0.2.7", now);
}

bool powershell_world::deliver_replies()
{
    bool any = false;
    while (auto r = table.poll_reply()) {
        any = true;
        const auto node = waiting_.extract(r->token);
        if (node.empty()) continue;
        const asked& a = node.mapped();
        octets += r->envelope.size();
        // Of half an envelope the service cannot know the MessageID.
        const auto reply =
            wsman::read_reply(r->envelope, base::limits{}, a.what == mishap::request_cut ? "" : a.message_id);
        if (!reply) {
            ADD_FAILURE() << to_string(reply.error());
            continue;
        }
        carrier.handle_reply(a.id, *reply, now);
        if (a.what == mishap::answer_doubled) carrier.handle_reply(a.id, *reply, now);
    }
    return any;
}

bool powershell_world::take_events()
{
    using namespace powershell;
    bool any = false;
    while (auto e = carrier.poll_event(now)) {
        any = true;
        if (auto* done = std::get_if<order_done>(&*e)) {
            EXPECT_EQ(orders_.erase(static_cast<std::uint64_t>(done->id)), 1U) << "an order is answered once";
        } else if (auto* failed = std::get_if<order_failed>(&*e)) {
            EXPECT_EQ(orders_.erase(static_cast<std::uint64_t>(failed->id)), 1U) << "an order is answered once";
            errors.push_back(std::move(failed->error));
        } else if (auto* bytes = std::get_if<fragments_arrived>(&*e)) {
            EXPECT_FALSE(bytes->pipeline && ended.contains(*bytes->pipeline)) << "output after the end";
            (bytes->pipeline ? output[*bytes->pipeline] : pool_output) += bytes->bytes;
        } else if (auto* end = std::get_if<pipeline_ended>(&*e)) {
            ++ended[end->pipeline];
            if (end->error) errors.push_back(std::move(*end->error));
        } else if (auto* lost = std::get_if<carrier_lost>(&*e)) {
            errors.push_back(std::move(lost->error));
        } else {
            ++finished;
        }
    }
    return any;
}

/// The next step, or after an error the end.
bool powershell_world::go_on()
{
    if ((!errors.empty() || now >= base::time_point{} + 1h) && !closing_) {
        closing_ = true;
        orders_.clear();
        carrier.close(now);
        return true;
    }
    if (closing_ || !orders_.empty() || next_step_of_script_ == script_.size()) return false;
    script_step& step = script_[next_step_of_script_];
    if (const auto* end = std::get_if<await_end>(&step)) {
        if (!ended.contains(end->pipeline)) return false;
        ++next_step_of_script_;
        return true;
    }
    if (const auto* bytes = std::get_if<await_pool>(&step)) {
        if (pool_output.size() < bytes->octets) return false;
        ++next_step_of_script_;
        return true;
    }
    ++next_step_of_script_;
    closing_ = std::holds_alternative<psrp::carry_close>(std::get<order_content>(step));
    orders_[next_order_] = "open";
    carrier.take({psrp::carry_id{next_order_++}, std::move(std::get<order_content>(step))}, now);
    return true;
}

bool powershell_world::advance()
{
    const base::time_point next = std::min(next_step(), carrier.deadline());
    if (next == base::time_point::max()) return false;
    now = std::max(now, next);
    table.handle_timeout(now);
    carrier.handle_timeout(now);
    return true;
}

bool powershell_world::run(std::size_t max_steps)
{
    for (std::size_t steps = 0; steps < max_steps && finished == 0; ++steps) {
        bool any = go_on();
        while (auto request = carrier.poll_request(now)) {
            any = true;
            leave(std::move(*request));
        }
        any = carry_out_orders() || any;
        any = run_processes() || any;
        any = deliver_replies() || any;
        while (auto request = carrier.poll_request(now)) {
            any = true;
            leave(std::move(*request));
        }
        any = take_events() || any;
        if (!any && !advance()) return false;
    }
    return finished == 1;
}

} // namespace winrm::sim
