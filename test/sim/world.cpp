#include "sim/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

namespace winrm::sim {
namespace {

base::null_log no_log;

base::random_source counting()
{
    return [n = std::uint64_t{0}](char* buffer, std::size_t size) mutable {
        ++n;
        for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>((n >> (8 * (i % 8))) & 0xFFU);
    };
}

shell::table_options with_home(shell::table_options t)
{
    if (t.home.empty()) t.home = "/home/test";
    return t;
}

} // namespace

world::world(shell::table_options t, shell::client_options c)
    : table(with_home(std::move(t)), counting(), no_log, base::time_point{}), client(std::move(c))
{}

void world::exit(shell::process_ref p, int status)
{
    processes.erase(p);
    table.process_output_end(p, false, now);
    table.process_output_end(p, true, now);
    table.process_exited(p, status, now);
}

void world::copy(shell::write_input&& w)
{
    table.process_output(w.process, false, w.data, now);
    table.process_input_taken(w.process, now);
    if (w.end) exit(w.process, 0);
}

void world::order(shell::process_order&& o)
{
    if (auto* s = std::get_if<shell::start_process>(&o)) {
        ++started;
        process p{s->command_line};
        const auto number = s->command_line.find(' ') == std::string::npos
                                ? "0"
                                : s->command_line.substr(s->command_line.find(' ') + 1);
        if (p.line.rfind("silent", 0) == 0) p.ends = now + std::chrono::milliseconds(std::stoll(number));
        if (p.line.rfind("late", 0) == 0) p.reads = now + std::chrono::milliseconds(std::stoll(number));
        if (p.line.rfind("big", 0) == 0) p.left = std::stoull(number);
        processes[s->process] = p;
        table.process_started(s->process, 77, now);
        if (p.line.rfind("echo ", 0) == 0) {
            table.process_output(s->process, false, p.line.substr(5), now);
            exit(s->process, 0);
        }
    } else if (auto* w = std::get_if<shell::write_input>(&o)) {
        const auto at = processes.find(w->process);
        if (at == processes.end()) return;
        EXPECT_FALSE(at->second.unread) << "one write at a time";
        if (at->second.reads > now) at->second.unread = std::move(*w);
        else copy(std::move(*w));
    } else if (auto* k = std::get_if<shell::kill_process>(&o)) {
        if (processes.count(k->process) != 0) exit(k->process, 137);
    } else if (auto* g = std::get_if<shell::signal_process>(&o)) {
        if (processes.count(g->process) != 0) exit(g->process, 128 + g->signal_number);
    } else if (auto* r = std::get_if<shell::read_output>(&o)) {
        if (!r->wanted) ++pauses;
        if (auto at = processes.find(r->process); at != processes.end()) at->second.reading = r->wanted;
    } else if (auto* f = std::get_if<shell::forget_process>(&o)) {
        processes.erase(f->process);
    }
}

bool world::carry_out_orders()
{
    bool any = false;
    while (auto o = table.poll_order()) {
        order(std::move(*o));
        any = true;
    }
    return any;
}

bool world::run_processes()
{
    bool any = false;
    std::vector<shell::process_ref> all;
    for (const auto& [p, what] : processes) all.push_back(p);
    for (const auto p : all) {
        auto at = processes.find(p);
        if (at == processes.end()) continue;
        process& what = at->second;
        if (what.line.rfind("big", 0) == 0 && what.reading) {
            any = true;
            const std::size_t n = std::min<std::size_t>(what.left, 65536);
            what.left -= n;
            const bool last = what.left == 0;
            if (n > 0) table.process_output(p, false, std::string(n, 'x'), now);
            if (last) exit(p, 3);
        } else if (what.ends <= now) {
            any = true;
            exit(p, 0);
        } else if (what.unread && what.reads <= now) {
            any = true;
            auto w = std::move(*what.unread);
            what.unread.reset();
            copy(std::move(w));
        }
        carry_out_orders();
    }
    return any;
}

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
    table.handle_request(token, wsman::write_request(o.request), "192.0.2.7", now);
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
    base::time_point next = table.deadline();
    for (const auto& [p, what] : processes) next = std::min({next, what.ends, what.unread ? what.reads : what.ends});
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

void world::pump_server()
{
    while (carry_out_orders()) {}
    while (table.poll_reply()) {}
}

void world::idle(std::chrono::milliseconds time)
{
    const auto until = now + time;
    while (table.deadline() <= until) {
        now = std::max(now, table.deadline());
        table.handle_timeout(now);
        pump_server();
    }
    now = until;
}

} // namespace winrm::sim
