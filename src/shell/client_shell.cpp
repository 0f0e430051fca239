#include "shell/client_shell.h"

#include "base/text.h"
#include "shell/client_faults.h"
#include "shell/lifecycle.h"
#include "shell/send_queue.h"
#include "shell/transition.h"

#include <algorithm>
#include <map>

namespace winrm::shell {
namespace {

constexpr milliseconds create_delay{500}; // before Create is asked again

enum class exchange_kind { create, command, send, receive, signal, delete_ };

error cancelled() { return {errc::cancelled, "the command was cancelled"}; }

} // namespace

struct client_shell::state
{
    struct exchange
    {
        exchange_kind kind;
        command_number command{};
    };
    struct command
    {
        start_command spec;
        std::string id;
        command_phase phase = command_phase::queued;
        send_queue input;
        bool terminated = false;          ///< Signal terminate was asked
        std::vector<signal_code> signals; ///< asked for before the command had an id
        std::uint64_t answers = 0;        ///< to Receives, faults not counted
        std::optional<std::int64_t> exit_code;
    };

    explicit state(client_options&& o) : options(std::move(o)), size(options.send_envelope_size) {}

    bool step(shell_step s) { return take_transition(shell_transitions(), phase, s); }

    static bool step(command& c, command_step s) { return take_transition(command_transitions(), c.phase, s); }

    void ask(exchange_kind kind, command_number n, wsman::outgoing_request&& r, bool background = false,
             milliseconds delay = {})
    {
        const exchange_id id{next_exchange++};
        r.header.operation_timeout = options.operation_timeout;
        r.header.max_envelope_size = options.max_envelope_size;
        exchanges[id] = {kind, n};
        requests.push_back({id, std::move(r), kind == exchange_kind::receive, background, delay});
    }

    void ask_receive(command_number n, const command& c)
    {
        const auto received = info.counts_answers ? std::optional(c.answers) : std::nullopt;
        ask(exchange_kind::receive, n,
            make_receive(resource, info.shell_id, c.id, options.create.output_streams, received));
    }

    void ask_signal(command_number n, const command& c, signal_code code, bool background)
    {
        ++signals_under_way;
        ask(exchange_kind::signal, n, make_signal(resource, info.shell_id, c.id, code), background);
    }

    void push_input(command_number n, command& c)
    {
        if (c.phase != command_phase::running || options.create.input_streams.empty()) return;
        if (auto p = c.input.poll(size.piece()))
            ask(exchange_kind::send, n, make_send(resource, info.shell_id, c.id, std::move(p->data), p->end), false,
                p->delay);
        if (c.input.poll_wanted(options.input_high_water)) events.emplace_back(input_wanted{n});
    }

    /// Forgets requests that have not been polled yet.
    template <class Which> void drop_unsent(const Which& which)
    {
        std::erase_if(requests, [&](const outgoing& o) {
            const auto at = exchanges.find(o.id);
            if (at == exchanges.end() || !which(at->second)) return false;
            exchanges.erase(at);
            return true;
        });
    }

    void start_queued()
    {
        for (auto& [n, c] : commands) {
            if (phase == shell_phase::open && step(c, command_step::ask)) {
                ask(exchange_kind::command, n, make_command(resource, info.shell_id, c.spec));
            }
        }
    }

    /// `notify_host`: the host may still hold the command, so Signal terminate is sent (MS-WSMV 3.1.4.12).
    void end_command(command_number n, client_event&& event, bool notify_host)
    {
        const auto at = commands.find(n);
        if (at == commands.end()) return;
        command& c = at->second;
        const bool known = c.phase == command_phase::running && !c.id.empty();
        if (!step(c, command_step::end)) return;
        if (notify_host && known && !c.terminated) ask_signal(n, c, signal_code::terminate, true);
        drop_unsent([&](const exchange& e) { return e.kind == exchange_kind::send && e.command == n; });
        events.push_back(std::move(event));
        commands.erase(at);
    }

    void fail_command(command_number n, error e, bool notify_host = true)
    {
        end_command(n, command_failed{n, std::move(e)}, notify_host);
    }

    void fail_all(const error& e, bool notify_host)
    {
        while (!commands.empty()) fail_command(commands.begin()->first, e, notify_host);
    }

    void fail_shell(const error& e)
    {
        if (phase == shell_phase::closing || phase == shell_phase::closed) return;
        fail_all(e, false);
        events.emplace_back(shell_failed{e});
        // The fault may have meant the command only, and not the shell: Delete does no harm either way.
        start_close();
    }

    void start_close()
    {
        close_wanted = true;
        if (phase == shell_phase::opening) {
            const bool unsent = !requests.empty() && exchanges.count(requests.front().id) != 0 &&
                                exchanges.at(requests.front().id).kind == exchange_kind::create;
            if (!unsent) return;
            requests.clear();
            exchanges.clear();
            step(shell_step::lost);
            events.emplace_back(shell_closed{});
            return;
        }
        const bool was_idle = phase == shell_phase::idle;
        if (!step(shell_step::close)) return;
        if (was_idle) events.emplace_back(shell_closed{});
        else ask_delete();
    }

    /// After the Signals: two connections would let Delete overtake them.
    void ask_delete()
    {
        const bool wanted = phase == shell_phase::closing || phase == shell_phase::renewing;
        if (!wanted || delete_asked || (signals_under_way > 0 && !delete_at_once)) return;
        delete_asked = true;
        ask(exchange_kind::delete_, {}, make_delete(resource, info.shell_id), true);
    }

    void opened(shell_info&& created)
    {
        info = std::move(created);
        if (info.resource_uri.empty()) info.resource_uri = options.create.resource_uri;
        resource = info.resource_uri;
        step(shell_step::opened);
        events.emplace_back(shell_opened{info});
        if (close_wanted) start_close();
        else start_queued();
    }

    void ask_create(milliseconds delay = {})
    {
        ask(exchange_kind::create, {}, make_create(options.create), false, delay);
    }

    void create_failed(error e)
    {
        step(shell_step::lost);
        fail_all(e, false);
        if (!close_wanted) events.emplace_back(shell_failed{std::move(e)});
        events.emplace_back(shell_closed{});
    }

    void on_create(const wsman::incoming_reply& r)
    {
        if (r.fault()) {
            // Nothing was made: safe to ask again.
            if (profile_was_unloaded(*r.fault()) && !close_wanted && creates_refused++ == 0)
                return ask_create(create_delay);
            return create_failed(create_error(*r.fault()));
        }
        auto created = read_create_reply(r);
        if (!created)
            return create_failed(std::move(created)
                                     .error()
                                     .with_more("; a shell may have been opened")
                                     .with_remedy(remedy::list_shells));
        opened(std::move(*created));
    }

    /// The fault must say that the command was not started: it is asked once more, in another shell. Only if the shell
    /// has run commands before, and none runs in it now.
    bool renew(command& c)
    {
        const auto active = std::count_if(commands.begin(), commands.end(), [](const auto& other) {
            return other.second.phase == command_phase::starting || other.second.phase == command_phase::running;
        });
        if (!used || active != 1 || !step(shell_step::used_up)) return false;
        step(c, command_step::refused);
        used = false;
        ask_delete();
        return true;
    }

    void on_command(command_number n, command& c, const wsman::incoming_reply& r)
    {
        if (r.fault()) {
            auto e = command_error(*r.fault());
            if (shell_is_gone(*r.fault())) return fail_shell(e);
            if (quota_is_used_up(*r.fault()) && renew(c)) return;
            return fail_command(n, std::move(e), false);
        }
        auto id = read_command_reply(r);
        if (!id) return fail_command(n, command_unclear(std::move(id).error()), false);
        c.id = std::move(*id);
        used = true;
        step(c, command_step::started);
        events.emplace_back(command_started{n, c.id});
        ask_receive(n, c); // at once: MS-WSMV 3.1.4.14
        for (const signal_code s : c.signals) {
            c.terminated = c.terminated || s == signal_code::terminate;
            ask_signal(n, c, s, false);
        }
        c.signals.clear();
        push_input(n, c);
    }

    void on_receive(command_number n, command& c, const wsman::incoming_reply& r)
    {
        if (r.fault()) {
            if (is_timeout(*r.fault())) return ask_receive(n, c); // nothing yet: for ever
            auto e = wsman::to_error(*r.fault());
            if (shell_is_gone(*r.fault()) && !c.terminated) return fail_shell(e);
            return fail_command(n, std::move(e));
        }
        auto answer = read_receive_reply(r);
        if (!answer) return fail_command(n, std::move(answer).error());
        ++c.answers;
        if (answer->exit_code) c.exit_code = answer->exit_code;
        const bool done = answer->state == command_state::done;
        if (!done) ask_receive(n, c); // is sent before the blocks are handed on
        for (stream_block& b : answer->blocks) {
            if (!b.data.empty()) events.emplace_back(command_output{n, std::move(b.stream), std::move(b.data)});
        }
        if (done) {
            const auto code = c.exit_code;
            end_command(n, command_done{n, code}, options.signal_after_done);
        }
    }

    void on_send(command_number n, command& c, const wsman::incoming_reply& r)
    {
        if (!r.fault()) {
            c.input.handle_taken();
        } else if (is_timeout(*r.fault())) {
            // Windows under load answers so and takes the input all the same: sent again it would be there twice.
            c.input.handle_taken_late();
        } else if (is_busy(*r.fault())) {
            c.input.handle_busy(); // no limit here: Receive shows the command's end
        } else if (refused_for_size(*r.fault()) && size.shrink()) {
            c.input.handle_not_sent();
        } else if (input_is_unwanted(*r.fault())) {
            c.input.drop();
        } else {
            return fail_command(n, wsman::to_error(*r.fault()));
        }
        push_input(n, c);
    }

    void on_signal_end()
    {
        --signals_under_way;
        ask_delete();
    }

    void on_delete_end()
    {
        step(shell_step::deleted);
        if (phase == shell_phase::opening) { // best effort: the old one ends by its idle timeout, too
            delete_asked = false;
            info = {};
            return ask_create();
        }
        exchanges.clear();
        requests.clear();
        events.emplace_back(shell_closed{});
    }

    client_options options;
    send_size size;
    bool close_wanted = false, delete_at_once = false, delete_asked = false;
    bool used = false; ///< the shell has run a command before
    int creates_refused = 0;
    shell_phase phase = shell_phase::idle;
    std::string resource;
    shell_info info;
    std::map<command_number, command> commands;
    std::map<exchange_id, exchange> exchanges;
    std::deque<outgoing> requests;
    std::deque<client_event> events;
    std::size_t signals_under_way = 0;
    std::uint64_t next_exchange = 1;
    std::uint32_t next_command = 1;
};

client_shell::client_shell(client_options options) : state_(std::make_unique<state>(std::move(options))) {}
client_shell::~client_shell() = default;
client_shell::client_shell(client_shell&&) noexcept = default;
client_shell& client_shell::operator=(client_shell&&) noexcept = default;

void client_shell::open()
{
    if (state_->step(shell_step::create)) state_->ask_create();
}

void client_shell::attach(shell_info existing)
{
    if (state_->phase != shell_phase::idle) return;
    state_->used = true;
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

void client_shell::send_input(command_number command, base::bytes data, bool end)
{
    const auto at = state_->commands.find(command);
    if (at == state_->commands.end()) return;
    if (state_->options.create.input_streams.empty()) return;
    at->second.input.push(std::move(data), end);
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
    const std::size_t piece = state_->size.piece();
    return std::any_of(state_->commands.begin(), state_->commands.end(),
                       [piece](const auto& c) { return c.second.input.queued() > piece; });
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
    const auto [kind, n] = at->second;
    state_->exchanges.erase(at);
    if (kind == exchange_kind::create) return state_->on_create(reply);
    if (kind == exchange_kind::signal) return state_->on_signal_end();
    if (kind == exchange_kind::delete_) return state_->on_delete_end();
    const auto found = state_->commands.find(n);
    if (found == state_->commands.end()) return; // ended meanwhile; Delete takes care of what the host holds
    switch (kind) {
    case exchange_kind::command: return state_->on_command(n, found->second, reply);
    case exchange_kind::send: return state_->on_send(n, found->second, reply);
    default: return state_->on_receive(n, found->second, reply);
    }
}

void client_shell::handle_failure(exchange_id id, winrm::error error, bool may_retry, milliseconds send_delay)
{
    const auto at = state_->exchanges.find(id);
    if (at == state_->exchanges.end()) return;
    const auto [kind, n] = at->second;
    state_->exchanges.erase(at);
    if (kind == exchange_kind::create) return state_->create_failed(std::move(error));
    if (kind == exchange_kind::signal) {
        // A lost terminate is sent once more, without waiting for its answer; a lost ctrl_c the user may repeat.
        if (const auto hit = state_->commands.find(n); hit != state_->commands.end() && hit->second.terminated) {
            hit->second.terminated = false;
            state_->fail_command(n, std::move(error));
        }
        return state_->on_signal_end();
    }
    if (kind == exchange_kind::delete_) return state_->on_delete_end();
    const auto found = state_->commands.find(n);
    if (found == state_->commands.end()) return;
    auto& c = found->second;
    if (kind == exchange_kind::receive && may_retry) return state_->ask_receive(n, c);
    if (kind == exchange_kind::send && may_retry) {
        c.input.handle_not_sent(send_delay);
        return state_->push_input(n, c);
    }
    if (kind == exchange_kind::send && error.http_status() == 413 && state_->size.shrink()) {
        c.input.handle_not_sent();
        return state_->push_input(n, c);
    }
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
