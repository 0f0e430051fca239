#include "sim/service.h"

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

service::service(shell::table_options t) : table(with_home(std::move(t)), counting(), no_log, base::time_point{}) {}

void service::exit(shell::process_ref p, int status)
{
    processes.erase(p);
    table.process_output_end(p, 0, now);
    table.process_output_end(p, 1, now);
    table.process_exited(p, status, now);
}

void service::copy(shell::write_input&& w)
{
    table.process_output(w.process, 0, w.data, now);
    table.process_input_taken(w.process, now);
    if (w.end || w.data.ends_with("END")) exit(w.process, 0);
}

void service::start(shell::process_ref r, const std::string& line)
{
    ++started;
    process p{line};
    const auto number = line.find(' ') == std::string::npos ? "0" : line.substr(line.find(' ') + 1);
    if (p.line.rfind("silent", 0) == 0) p.ends = now + std::chrono::milliseconds(std::stoll(number));
    if (p.line.rfind("late", 0) == 0) p.reads = now + std::chrono::milliseconds(std::stoll(number));
    if (p.line.rfind("big", 0) == 0) p.left = std::stoull(number);
    processes[r] = p;
    table.process_started(r, 77, now);
    if (p.line.rfind("echo ", 0) == 0) {
        table.process_output(r, 0, p.line.substr(5), now);
        exit(r, 0);
    }
}

void service::order(shell::process_order&& o)
{
    if (auto* s = std::get_if<shell::start_process>(&o)) {
        start(s->process, s->command_line);
    } else if (auto* pool = std::get_if<shell::start_shell_process>(&o)) {
        start(pool->process, "pool");
        table.process_output(pool->process, 0, pool->first, now);
    } else if (auto* line = std::get_if<shell::start_pipeline>(&o)) {
        start(line->process, line->first);
    } else if (auto* other = std::get_if<shell::connect_shell_process>(&o)) {
        table.process_connected(other->process, std::move(other->request), now);
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

bool service::carry_out_orders()
{
    bool any = false;
    while (auto o = table.poll_order()) {
        order(std::move(*o));
        any = true;
    }
    return any;
}

bool service::run_processes()
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
            if (n > 0) table.process_output(p, 0, std::string(n, 'x'), now);
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

base::time_point service::next_step() const
{
    base::time_point next = table.deadline();
    for (const auto& [p, what] : processes) next = std::min({next, what.ends, what.unread ? what.reads : what.ends});
    return next;
}

void service::pump_server()
{
    while (carry_out_orders()) {}
    while (table.poll_reply()) {}
}

void service::idle(std::chrono::milliseconds time)
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
