#include "shell/client_shell_state.h"

#include <algorithm>
#include <utility>

namespace winrm::shell {

client_shell::client_shell(client_options options) : state_(std::make_unique<state>(std::move(options))) {}
client_shell::~client_shell() = default;
client_shell::client_shell(client_shell&&) noexcept = default;
client_shell& client_shell::operator=(client_shell&&) noexcept = default;

void client_shell::open(base::bytes creation_xml)
{
    if (!creation_xml.empty()) state_->options.create.creation_xml = std::move(creation_xml);
    if (state_->step(shell_step::create)) state_->ask_create();
}

void client_shell::attach(shell_info existing)
{
    if (state_->phase != shell_phase::idle) return;
    state_->used = true;
    state_->streams = read_mode(existing.compression_mode);
    state_->opened(std::move(existing));
}

command_number client_shell::run(start_command command)
{
    const command_number n{state_->next_command++};
    state_->commands[n].spec = std::move(command);
    if (state_->close_wanted || state_->phase == shell_phase::closed) state_->fail_command(n, cancelled());
    else state_->start_queued();
    return n;
}

void client_shell::send_input(command_number command, base::bytes data, bool end, base::bytes_view stream)
{
    const auto at = state_->commands.find(command);
    if (at == state_->commands.end()) return;
    if (state_->options.create.input_streams.empty()) return;
    at->second.input[stream == input_names[1] ? 1 : 0].push(std::move(data), end);
    state_->push_input(command, at->second);
}

void client_shell::signal(command_number command, signal_code code)
{
    const auto at = state_->commands.find(command);
    if (at == state_->commands.end()) return;
    auto& c = at->second;
    if (c.phase != command_phase::running) {
        c.signals.push_back(code);
        return;
    }
    c.terminated = c.terminated || code == signal_code::terminate;
    state_->ask_signal(command, c, code, false);
}

void client_shell::want_shell_output(bool wanted)
{
    if (std::exchange(state_->shell_output_wanted, wanted) == wanted) return;
    if (!wanted)
        return state_->drop_unsent(
            [](const auto& e) { return e.kind == exchange_kind::receive && e.command == shell_itself; });
    const auto at = state_->commands.find(shell_itself);
    const bool asked = std::any_of(state_->exchanges.begin(), state_->exchanges.end(), [](const auto& e) {
        return e.second.kind == exchange_kind::receive && e.second.command == shell_itself;
    });
    if (at != state_->commands.end() && !asked) state_->ask_receive(shell_itself, at->second);
}

void client_shell::abandon(command_number command)
{
    const auto events = state_->events.size();
    state_->fail_command(command, cancelled());
    if (state_->events.size() > events) state_->events.pop_back();
}

bool client_shell::disconnect(const disconnect_shell& how)
{
    if (!state_->step(shell_step::disconnect)) return false;
    // What has not been sent is asked after Reconnect.
    state_->drop_unsent([](const auto& e) { return e.kind == exchange_kind::receive; });
    state_->ask({exchange_kind::disconnect}, make_disconnect(state_->resource, state_->info.shell_id, how));
    return true;
}

bool client_shell::reconnect()
{
    if (!state_->step(shell_step::reconnect)) return false;
    state_->ask({exchange_kind::reconnect}, make_reconnect(state_->resource, state_->info.shell_id));
    return true;
}

void client_shell::connect(connect_shell to)
{
    if (!state_->step(shell_step::create)) return;
    state_->info.shell_id = to.shell_id;
    state_->info.resource_uri = to.resource_uri;
    state_->info.compression_mode = to.compression_mode;
    state_->streams = read_mode(to.compression_mode);
    state_->ask({exchange_kind::connect}, make_connect(to));
}

command_number client_shell::connect_command(const std::string& command_id)
{
    const command_number n{state_->next_command++};
    auto& c = state_->commands[n];
    c.spec.command_id = command_id;
    c.adopted = true;
    state_->start_queued();
    return n;
}

std::size_t client_shell::piece_size() const noexcept { return state_->piece(); }

bool client_shell::under_way(command_number command) const noexcept { return state_->under_way(command); }

void client_shell::close()
{
    if (state_->close_wanted) return;
    state_->close_wanted = true;
    state_->fail_all(cancelled(), true);
    state_->start_close();
}

void client_shell::close_now()
{
    state_->delete_at_once = true;
    state_->close_wanted = true;
    state_->fail_all(cancelled(), false); // Delete ends them
    state_->drop_unsent(
        [](const auto& e) { return e.kind != exchange_kind::create && e.kind != exchange_kind::delete_; });
    state_->start_close();
    state_->ask_delete();
}

void client_shell::learn_envelope_size(std::size_t octets) { state_->size.learn(octets); }

bool client_shell::wants_envelope_size() const noexcept
{
    if (state_->size.learnt() || state_->phase != shell_phase::open) return false;
    const std::size_t piece = state_->piece();
    return std::any_of(state_->commands.begin(), state_->commands.end(),
                       [piece](const auto& c) { return c.second.input[0].queued() > piece; });
}

std::optional<outgoing> client_shell::poll_request()
{
    if (state_->requests.empty()) return {};
    auto out = std::move(state_->requests.front());
    state_->requests.pop_front();
    return out;
}

void client_shell::handle_reply(exchange_id id, const wsman::incoming_reply& reply)
{
    const auto at = state_->exchanges.find(id);
    if (at == state_->exchanges.end()) return;
    const auto exchange = at->second;
    const auto kind = exchange.kind;
    const auto n = exchange.command;
    state_->exchanges.erase(at);
    const auto quiet = state_->quiet_after(n);
    if (kind == exchange_kind::create) return state_->on_create(reply);
    if (kind == exchange_kind::signal) return state_->on_signal_end(exchange);
    if (kind == exchange_kind::disconnect) return state_->on_disconnect(reply);
    if (kind == exchange_kind::reconnect) return state_->on_reconnect(reply);
    if (kind == exchange_kind::connect && n == shell_itself) return state_->on_connect_shell(reply);
    if (kind == exchange_kind::delete_) return state_->on_delete_end();
    const auto found = state_->commands.find(n);
    if (found == state_->commands.end()) return; // ended meanwhile; Delete takes care of what the host holds
    switch (kind) {
    case exchange_kind::command: return state_->on_command(n, found->second, reply);
    case exchange_kind::send: return state_->on_send(exchange, found->second, reply);
    case exchange_kind::connect: return state_->on_connect_command(n, found->second, reply);
    default: return state_->on_receive(n, found->second, reply);
    }
}

void client_shell::handle_failure(exchange_id id, winrm::error error, bool may_retry, milliseconds send_delay)
{
    const auto at = state_->exchanges.find(id);
    if (at == state_->exchanges.end()) return;
    const auto exchange = at->second;
    const auto kind = exchange.kind;
    const auto n = exchange.command;
    state_->exchanges.erase(at);
    const auto quiet = state_->quiet_after(n);
    const bool connects = kind == exchange_kind::connect && n == shell_itself;
    if (kind == exchange_kind::create || connects) return state_->create_failed(std::move(error));
    if (kind == exchange_kind::disconnect || kind == exchange_kind::reconnect)
        return state_->fail_shell(std::move(error));
    if (kind == exchange_kind::signal) {
        // A lost terminate is sent once more, without waiting for its answer; a lost ctrl_c the user may repeat.
        if (const auto hit = state_->commands.find(n); hit != state_->commands.end() && hit->second.terminated) {
            hit->second.terminated = false;
            state_->fail_command(n, std::move(error));
        }
        return state_->on_signal_end(exchange);
    }
    if (kind == exchange_kind::delete_) return state_->on_delete_end();
    const auto found = state_->commands.find(n);
    if (found == state_->commands.end()) return;
    auto& c = found->second;
    if (kind == exchange_kind::receive && may_retry) return state_->ask_receive(n, c);
    if (kind == exchange_kind::send && may_retry) {
        c.input[exchange.stream].handle_not_sent(send_delay);
        return state_->push_input(n, c);
    }
    if (kind == exchange_kind::send && error.http_status() == 413 && state_->size.shrink()) {
        c.input[exchange.stream].handle_not_sent();
        return state_->push_input(n, c);
    }
    if (state_->away()) return;
    if (n == shell_itself) return state_->fail_shell(std::move(error));
    state_->fail_command(n, std::move(error));
}

std::optional<client_event> client_shell::poll_event()
{
    if (state_->events.empty()) return {};
    auto out = std::move(state_->events.front());
    state_->events.pop_front();
    return out;
}

bool client_shell::finished() const noexcept
{
    return state_->phase == shell_phase::closed && state_->requests.empty() && state_->events.empty();
}

const std::string& client_shell::shell_id() const noexcept { return state_->info.shell_id; }
bool client_shell::repeats_lost_output() const noexcept { return state_->info.counts_answers; }

} // namespace winrm::shell
