#include "sim/world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::sim {

world::world(shell::table_options t, shell::client_options c) : service(std::move(t)), client(std::move(c)) {}

bool world::deliver_requests()
{
    bool any = false;
    while (auto o = client.poll_request()) {
        any = true;
        if (o->delay.count() > 0) delayed_.emplace(now + o->delay, std::move(*o));
        else deliver(std::move(*o));
    }
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        any = true;
        deliver(std::move(delayed_.extract(delayed_.begin()).mapped()));
    }
    return any;
}

void world::deliver(shell::outgoing&& o)
{
    const std::size_t number = exchanges++;
    if (o.request.header.action == wsman::action::receive) ++receives;
    if (o.request.header.action == wsman::action::send) ++sends;
    const auto how = number == lost_ ? how_ : loss::none;
    if (how == loss::before_delivery) {
        client.handle_failure(o.id, error(errc::connection_lost, "the connection broke"), o.repeatable);
        return;
    }
    const shell::request_token token{next_token_++};
    o.request.header.message_id = "uuid:" + std::to_string(next_token_);
    const bool late = late_sends != 0 && o.request.header.action == wsman::action::send && sends % late_sends == 0;
    waiting_[token] = {o.id, o.request.header.message_id, o.repeatable, late};
    const auto text = wsman::write_request(o.request);
    octets += text.size();
    table.handle_request(token, text, "192.0.2.7", now);
    if (how == loss::after_delivery) {
        waiting_.erase(token);
        carry_out_orders();
        table.handle_gone(token, now);
        client.handle_failure(o.id, error(errc::connection_lost, "the connection broke"), o.repeatable);
    }
}

bool world::deliver_replies()
{
    bool any = false;
    while (auto r = table.poll_reply()) {
        any = true;
        EXPECT_TRUE(answered_.insert(r->token).second) << "a request was answered twice";
        EXPECT_LE(r->envelope.size(), base::limits{}.envelope);
        octets += r->envelope.size();
        const auto at = waiting_.find(r->token);
        if (at == waiting_.end()) continue;
        auto reply = wsman::read_reply(r->envelope, base::limits{}, at->second.message_id);
        if (reply && at->second.late && !reply->fault()) {
            reply = wsman::read_reply(wsman::write_fault({"uuid:1", at->second.message_id},
                                                         {wsman::fault_code::operation_timed_out, {}, {}}, "host"),
                                      base::limits{}, at->second.message_id);
        }
        if (!reply) ADD_FAILURE() << to_string(reply.error());
        else client.handle_reply(at->second.id, *reply);
        waiting_.erase(at);
    }
    return any;
}

bool world::take_events()
{
    bool any = false;
    while (auto e = client.poll_event()) {
        any = true;
        if (auto* o = std::get_if<shell::command_output>(&*e)) (o->stream == "stderr" ? err : out) += o->data;
        if (std::holds_alternative<shell::shell_opened>(*e)) ++opened;
        if (std::holds_alternative<shell::shell_closed>(*e)) ++closed;
        bool ended = false;
        if (auto* d = std::get_if<shell::command_done>(&*e)) {
            exits.push_back(static_cast<int>(d->exit_code.value_or(-1)));
            ended = true;
        }
        if (auto* f = std::get_if<shell::command_failed>(&*e)) {
            failures.push_back(f->error);
            ended = true;
        }
        if (auto* f = std::get_if<shell::shell_failed>(&*e)) {
            failures.push_back(f->error);
            ++shell_failures;
        }
        if (ended && --commands_left == 0 && close_when_done) client.close();
    }
    return any;
}

bool world::advance()
{
    base::time_point next = next_step();
    if (!delayed_.empty()) next = std::min(next, delayed_.begin()->first);
    if (next == base::time_point::max() || waiting_.empty()) return false;
    now = std::max(now, next);
    table.handle_timeout(now);
    return true;
}

bool world::run(std::size_t max_steps)
{
    for (std::size_t step = 0; step < max_steps; ++step) {
        bool any = deliver_requests();
        any = carry_out_orders() || any;
        any = run_processes() || any;
        any = deliver_replies() || any;
        any = deliver_requests() || any;
        any = take_events() || any;
        if (!any && !advance()) return true;
    }
    return false;
}

} // namespace winrm::sim
