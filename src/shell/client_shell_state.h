// What client_shell remembers, and what it does with what arrives.
#pragma once

#include "base/text.h"
#include "shell/client_faults.h"
#include "shell/client_shell.h"
#include "shell/compression.h"
#include "shell/lifecycle.h"
#include "shell/send_queue.h"
#include "shell/transition.h"

#include <algorithm>
#include <array>
#include <map>

namespace winrm::shell {

inline constexpr milliseconds create_delay{500}; // before Create is asked again

enum class exchange_kind { create, command, send, receive, signal, delete_, disconnect, reconnect, connect };
inline constexpr std::array<base::bytes_view, 2> input_names{"stdin", "pr"};

inline error cancelled() { return {errc::cancelled, "the command was cancelled"}; }

struct client_shell::state
{
    struct exchange
    {
        exchange_kind kind;
        command_number command{};
        std::size_t stream = 0; ///< of a Send, in input_names
        signal_code code{};     ///< of a Signal
    };
    struct command
    {
        start_command spec;
        std::string id;
        command_phase phase = command_phase::queued;
        std::array<send_queue, 2> input;  ///< as input_names
        bool terminated = false;          ///< Signal terminate was asked
        std::vector<signal_code> signals; ///< asked for before the command had an id
        std::uint64_t answers = 0;        ///< to Receives, faults not counted
        std::optional<std::int64_t> exit_code;
        bool adopted = false;       ///< Connect in place of Command
        stream_unpackers unpackers; ///< of a compressed shell
    };

    explicit state(client_options&& o) : options(std::move(o)), size(options.send_envelope_size) {}

    bool step(shell_step s) { return take_transition(shell_transitions(), phase, s); }

    static bool step(command& c, command_step s) { return take_transition(command_transitions(), c.phase, s); }

    void ask(exchange e, wsman::outgoing_request&& r, bool background = false, milliseconds delay = {})
    {
        const exchange_id id{next_exchange++};
        r.header.operation_timeout = options.operation_timeout;
        r.header.max_envelope_size = options.max_envelope_size;
        exchanges[id] = e;
        requests.push_back({id, std::move(r), e.command, e.kind == exchange_kind::receive, background, delay});
    }

    /// While the shell is disconnected nothing is asked, and what comes in place of output says only that.
    [[nodiscard]] bool away() const
    {
        return phase == shell_phase::disconnecting || phase == shell_phase::disconnected ||
               phase == shell_phase::reconnecting;
    }

    [[nodiscard]] bool under_way(command_number n) const
    {
        return std::any_of(exchanges.begin(), exchanges.end(), [n](const auto& e) { return e.second.command == n; });
    }

    /// Tells command_quiet when it goes, where that is true then.
    struct quiet_guard
    {
        state& of;
        command_number n;
        ~quiet_guard()
        {
            if (of.options.streams_of_shell && n != shell_itself && of.commands.count(n) == 0 && !of.under_way(n))
                of.events.emplace_back(command_quiet{n});
        }
    };
    [[nodiscard]] quiet_guard quiet_after(command_number n) { return quiet_guard{*this, n}; }

    void ask_receive(command_number n, const command& c)
    {
        if (away() || (n == shell_itself && !shell_output_wanted)) return;
        const auto received = info.counts_answers ? std::optional(c.answers) : std::nullopt;
        ask({exchange_kind::receive, n},
            make_receive(resource, info.shell_id, c.id, options.create.output_streams, received));
    }

    void ask_signal(command_number n, const command& c, signal_code code, bool background)
    {
        ++signals_under_way;
        ask({exchange_kind::signal, n, 0, code}, make_signal(resource, info.shell_id, c.id, code), background);
    }

    /// Octets of input that one Send may hold.
    [[nodiscard]] std::size_t piece() const
    {
        const bool packed = streams != compression::none || !options.create.compression.empty();
        return packed ? unpacked_room(size.piece()) : size.piece();
    }

    void push_input(command_number n, command& c)
    {
        if (c.phase != command_phase::running || options.create.input_streams.empty() || away()) return;
        for (std::size_t i = 0; i < c.input.size(); ++i) {
            const std::string stream{input_names[i]};
            auto p = c.input[i].poll(piece());
            if (!p) continue;
            if (streams != compression::none) p->data = xpress::pack(p->data);
            ask({exchange_kind::send, n, i},
                make_send(resource, info.shell_id, c.id, std::move(p->data), p->end, stream), false, p->delay);
        }
        if (n != shell_itself && c.input[0].poll_wanted(options.input_high_water)) events.emplace_back(input_wanted{n});
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
            if (phase != shell_phase::open || !step(c, command_step::ask)) continue;
            if (c.adopted)
                ask({exchange_kind::connect, n}, make_connect({resource, info.shell_id, c.spec.command_id, {}, {}}));
            else ask({exchange_kind::command, n}, make_command(resource, info.shell_id, c.spec));
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
        drop_unsent([&](const exchange& e) {
            return e.command == n &&
                   (e.kind == exchange_kind::send || (e.kind == exchange_kind::receive && options.streams_of_shell));
        });
        if (n != shell_itself) events.push_back(std::move(event));
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
        ask({exchange_kind::delete_}, make_delete(resource, info.shell_id), true);
    }

    /// Streams are compressed as Create asked (MS-WSMV 3.2.4.1.19) where the host did not refuse it, whether it names
    /// the mode or not; and never where it says that they are not.
    void settle_compression(shell_info& created)
    {
        const auto wanted = read_compression_type(options.create.compression).value_or(compression::none);
        streams = created.compression_mode.empty() || wanted == compression::none ? wanted
                                                                                  : read_mode(created.compression_mode);
        created.compression_mode = mode_name(streams);
    }

    void opened(shell_info&& created)
    {
        info = std::move(created);
        if (info.resource_uri.empty()) info.resource_uri = options.create.resource_uri;
        resource = info.resource_uri;
        step(shell_step::opened);
        events.emplace_back(shell_opened{info});
        if (options.streams_of_shell && !close_wanted) open_own_streams();
        if (close_wanted) start_close();
        else start_queued();
    }

    void open_own_streams()
    {
        command& own = commands[shell_itself];
        step(own, command_step::ask);
        step(own, command_step::started);
        ask_receive(shell_itself, own);
    }

    void ask_create(milliseconds delay = {})
    {
        ask({exchange_kind::create}, make_create(options.create), false, delay);
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
            if (compression_is_refused(*r.fault()) && !close_wanted && !options.create.compression.empty()) {
                options.create.compression.clear();
                return ask_create();
            }
            return create_failed(create_error(*r.fault()));
        }
        auto created = read_create_reply(r);
        if (!created)
            return create_failed(std::move(created)
                                     .error()
                                     .with_more("; a shell may have been opened")
                                     .with_remedy(remedy::list_shells));
        settle_compression(*created);
        opened(std::move(*created));
    }

    /// The fault must say that the command was not started: it is asked once more, in another shell. Only if the shell
    /// has run commands before, and none runs in it now.
    bool renew(command& c)
    {
        const auto active = std::count_if(commands.begin(), commands.end(), [](const auto& other) {
            return other.second.phase == command_phase::starting || other.second.phase == command_phase::running;
        });
        if (!used || options.streams_of_shell || active != 1 || !step(shell_step::used_up)) return false;
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

    result<receive_answer> read_output(command& c, const wsman::incoming_reply& r) const
    {
        auto answer = read_receive_reply(r);
        if (!answer || streams == compression::none) return answer;
        const std::size_t room = receive_expansion * options.max_envelope_size;
        if (auto done = c.unpackers.unpack(answer->blocks, options.create.output_streams, room); !done)
            return std::move(done).error();
        if (answer->state == command_state::done && !c.unpackers.at_border())
            return error(errc::protocol, "the output ends within a compressed block");
        return answer;
    }

    void on_receive(command_number n, command& c, const wsman::incoming_reply& r)
    {
        if (r.fault()) {
            if (away()) return;
            if (is_timeout(*r.fault())) return ask_receive(n, c); // nothing yet: for ever
            auto e = wsman::to_error(*r.fault());
            if (shell_is_gone(*r.fault()) && !c.terminated) return fail_shell(e);
            if (n == shell_itself) return fail_shell(e);
            return fail_command(n, std::move(e));
        }
        auto answer = read_output(c, r);
        if (!answer && n == shell_itself) return fail_shell(answer.error());
        if (!answer) return fail_command(n, std::move(answer).error());
        ++c.answers;
        if (answer->exit_code) c.exit_code = answer->exit_code;
        const bool done = answer->state == command_state::done && n != shell_itself;
        if (!done) ask_receive(n, c); // is sent before the blocks are handed on
        for (stream_block& b : answer->blocks) {
            if (!b.data.empty()) events.emplace_back(command_output{n, std::move(b.stream), std::move(b.data)});
        }
        if (done) {
            const auto code = c.exit_code;
            end_command(n, command_done{n, code}, options.signal_after_done);
        }
    }

    void on_send(const exchange& e, command& c, const wsman::incoming_reply& r)
    {
        const command_number n = e.command;
        send_queue& input = c.input[e.stream];
        if (!r.fault()) {
            input.handle_taken();
        } else if (is_timeout(*r.fault())) {
            // Windows under load answers so and takes the input all the same: sent again it would be there twice.
            input.handle_taken_late();
        } else if (is_busy(*r.fault())) {
            input.handle_busy(); // no limit here: Receive shows the command's end
        } else if (refused_for_size(*r.fault()) && size.shrink()) {
            input.handle_not_sent();
        } else if (input_is_unwanted(*r.fault())) {
            input.drop();
        } else {
            if (n == shell_itself) return fail_shell(wsman::to_error(*r.fault()));
            return fail_command(n, wsman::to_error(*r.fault()));
        }
        tell_taken(e, c);
        push_input(n, c);
    }

    void tell_taken(const exchange& e, const command& c)
    {
        if (!options.streams_of_shell || c.input[e.stream].queued() > 0) return;
        events.emplace_back(input_taken{e.command, std::string(input_names[e.stream])});
    }

    void on_signal_end(const exchange& e)
    {
        --signals_under_way;
        if (options.streams_of_shell) events.emplace_back(signal_answered{e.command, e.code});
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

    // ---- a shell that is left and found again

    void on_disconnect(const wsman::incoming_reply& r)
    {
        if (r.fault()) return fail_shell(wsman::to_error(*r.fault()));
        if (step(shell_step::disconnected)) events.emplace_back(shell_disconnected{});
    }

    void on_reconnect(const wsman::incoming_reply& r)
    {
        if (r.fault()) return fail_shell(wsman::to_error(*r.fault()));
        if (!step(shell_step::opened)) return;
        events.emplace_back(shell_reconnected{});
        for (auto& [n, c] : commands) {
            if (c.phase != command_phase::running) continue;
            const bool asked = std::any_of(exchanges.begin(), exchanges.end(), [number = n](const auto& e) {
                return e.second.kind == exchange_kind::receive && e.second.command == number;
            });
            if (!asked) ask_receive(n, c);
            push_input(n, c);
        }
        start_queued();
    }

    void on_connect_shell(const wsman::incoming_reply& r)
    {
        if (r.fault()) return create_failed(wsman::to_error(*r.fault()));
        auto answer = read_connect_reply(r);
        if (!answer) return create_failed(std::move(answer).error());
        if (!answer->input_streams.empty()) options.create.input_streams = std::move(answer->input_streams);
        if (!answer->output_streams.empty()) options.create.output_streams = std::move(answer->output_streams);
        events.emplace_back(shell_connected{shell_itself, std::move(answer->response_xml)});
        opened(shell_info{info});
    }

    void on_connect_command(command_number n, command& c, const wsman::incoming_reply& r)
    {
        if (r.fault()) return fail_command(n, wsman::to_error(*r.fault()), false);
        auto answer = read_connect_reply(r);
        if (!answer) return fail_command(n, std::move(answer).error(), false);
        c.id = c.spec.command_id;
        step(c, command_step::started);
        events.emplace_back(shell_connected{n, std::move(answer->response_xml)});
        events.emplace_back(command_started{n, c.id});
        ask_receive(n, c);
        push_input(n, c);
    }

    client_options options;
    send_size size;
    bool shell_output_wanted = true;
    bool close_wanted = false, delete_at_once = false, delete_asked = false;
    bool used = false; ///< the shell has run a command before
    int creates_refused = 0;
    shell_phase phase = shell_phase::idle;
    std::string resource;
    shell_info info;
    compression streams = compression::none; ///< of the shell that is open
    std::map<command_number, command> commands;
    std::map<exchange_id, exchange> exchanges;
    std::deque<outgoing> requests;
    std::deque<client_event> events;
    std::size_t signals_under_way = 0;
    std::uint64_t next_exchange = 1;
    std::uint32_t next_command = 1;
};

} // namespace winrm::shell
