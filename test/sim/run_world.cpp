#include "sim/run_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::sim {

run_world::run_world(shell::run_request r, shell::table_options t) : service(std::move(t)), machine(std::move(r), now)
{}

void run_world::leave(shell::run_exchange&& request)
{
    const std::size_t number = exchanges++;
    const std::string action = request.request.header.action;
    actions.push_back(action.substr(action.rfind('/') + 1));
    if (action == wsman::action::receive) received_at.push_back(now);
    receives += action == wsman::action::receive ? 1 : 0;
    creates += action == wsman::action::create ? 1 : 0;
    commands += action == wsman::action::command ? 1 : 0;
    const shell::request_token token{next_token_++};
    const std::string message_id = "uuid:" + std::to_string(next_token_);
    request.request.header.message_id = message_id;
    auto lost = fail ? fail(number, action) : std::nullopt;
    if (!lost && action == wsman::action::receive && answer_receive) {
        if (auto text = answer_receive(message_id)) {
            ids_[request.id] = message_id;
            answering_.emplace(now, std::pair{request.id, std::move(*text)});
            return;
        }
    }
    if (!lost || lost->delivered) table.handle_request(token, wsman::write_request(request.request), "192.0.2.7", now);
    if (!lost) {
        waiting_[token] = {request.id, message_id};
        return;
    }
    while (carry_out_orders()) {}
    table.handle_gone(token, now);
    failing_.emplace(now + lost->after, std::pair{request.id, std::move(lost->what)});
}

bool run_world::deliver_replies()
{
    bool any = false;
    while (auto r = table.poll_reply()) {
        any = true;
        const auto at = waiting_.find(r->token);
        if (at == waiting_.end()) continue;
        auto reply = wsman::read_reply(r->envelope, base::limits{}, at->second.message_id);
        if (!reply) ADD_FAILURE() << to_string(reply.error());
        else machine.handle_reply(at->second.id, *reply, now);
        waiting_.erase(at);
    }
    while (!answering_.empty() && answering_.begin()->first <= now) {
        any = true;
        auto [id, text] = std::move(answering_.extract(answering_.begin()).mapped());
        auto reply = wsman::read_reply(text, base::limits{}, ids_[id]);
        if (!reply) ADD_FAILURE() << to_string(reply.error());
        else machine.handle_reply(id, *reply, now);
    }
    return any;
}

bool run_world::deliver_failures()
{
    bool any = false;
    while (!failing_.empty() && failing_.begin()->first <= now) {
        any = true;
        auto [id, what] = std::move(failing_.extract(failing_.begin()).mapped());
        machine.handle_failure(id, std::move(what), now);
    }
    return any;
}

bool run_world::take_event()
{
    auto e = machine.poll_event(now);
    if (!e) return false;
    if (auto* o = std::get_if<shell::output_arrived>(&*e)) (o->stream == "stderr" ? err : out) += o->data;
    if (std::holds_alternative<shell::input_possible>(*e) && !input_.empty())
        machine.send_input(std::exchange(input_, {}), true);
    if (auto* d = std::get_if<shell::run_ended>(&*e)) ended.push_back(std::move(d->how));
    if (std::holds_alternative<shell::run_finished>(*e)) ++finished;
    if (on_event) on_event();
    return true;
}

bool run_world::advance()
{
    base::time_point next = std::min(next_step(), machine.deadline());
    if (!failing_.empty()) next = std::min(next, failing_.begin()->first);
    if (next == base::time_point::max()) return false;
    now = std::max(now, next);
    table.handle_timeout(now);
    machine.handle_timeout(now);
    return true;
}

bool run_world::run(std::size_t max_steps)
{
    for (std::size_t steps = 0; steps < max_steps && finished == 0; ++steps) {
        bool any = false;
        while (auto request = machine.poll_request(now)) {
            any = true;
            leave(std::move(*request));
        }
        any = carry_out_orders() || any;
        any = run_processes() || any;
        any = deliver_replies() || any;
        any = deliver_failures() || any;
        while (auto request = machine.poll_request(now)) {
            any = true;
            leave(std::move(*request));
        }
        any = take_event() || any;
        if (halted || (!any && !advance())) return false;
    }
    return finished == 1;
}

} // namespace winrm::sim
