#include "shell/server_table_state.h"

#include "base/text.h"
#include "soap/namespaces.h"
#include "wsman/identify.h"

#include <algorithm>
#include <array>

namespace winrm::shell {
std::string shell_key(base::bytes_view id)
{
    const auto known = base::uuid::parse(id);
    return known ? known->text() : base::lower(id);
}

fault no_such_shell() { return {fault_code::unexpected_selectors, "There is no shell with this ShellId.", {}}; }
fault no_such_command() { return {fault_code::unexpected_selectors, "There is no command with this CommandId.", {}}; }

// -- answers

void server_table::state::answer(request_token token, base::bytes_view message_id, base::bytes_view action,
                                 const wsman::body_writer& body)
{
    const wsman::reply_header h{base::uuid::random(random).urn(), std::string(message_id)};
    replies.push_back({token, false, wsman::write_reply(h, wsman::action::response_of(action), body)});
}

void server_table::state::refuse(request_token token, base::bytes_view message_id, const fault& f)
{
    const wsman::reply_header h{base::uuid::random(random).urn(), std::string(message_id)};
    replies.push_back({token, true, wsman::write_fault(h, f, options.machine)});
}

void server_table::state::answer_later(std::optional<waiting_request>& w, base::bytes_view action,
                                       const wsman::body_writer& body)
{
    if (!w) return;
    --waiting;
    answer(w->token, w->message_id, action, body);
    w.reset();
}

void server_table::state::refuse_later(std::optional<waiting_request>& w, const fault& f)
{
    if (!w) return;
    --waiting;
    refuse(w->token, w->message_id, f);
    w.reset();
}

std::size_t server_table::state::envelope_room(const call& c) const
{
    const auto& h = c.request.header();
    const std::size_t octets =
        h.max_envelope_size == 0 ? options.limits.envelope : std::min(h.max_envelope_size, options.limits.envelope);
    // What goes in is ASCII, or at least no longer in UTF-16 than in UTF-8 counted twice; the mark takes two octets.
    const std::size_t limit = c.form.octets == 1 ? octets : (octets - 2) / c.form.octets;
    // The request's MessageID comes back in RelatesTo, escaped at worst to six times its length.
    const std::size_t taken = wsman::reply_overhead + 6 * h.message_id.size();
    return limit > taken + least_room ? limit - taken : 0;
}

fault server_table::state::too_small(const call& c) const
{
    const bool theirs =
        c.request.header().max_envelope_size != 0 && c.request.header().max_envelope_size <= options.limits.envelope;
    return {theirs ? fault_code::max_envelope_size_exceeded : fault_code::server_envelope_limit,
            "The answer does not fit the envelope.",
            {}};
}

// -- dispatch

const shell_kind* server_table::state::find_kind(base::bytes_view resource_uri) const
{
    const auto at = std::find_if(options.kinds.begin(), options.kinds.end(),
                                 [&](const shell_kind& k) { return k.has(resource_uri); });
    return at == options.kinds.end() ? nullptr : &*at;
}

/// A client that insists on another one is refused (MS-WSMV 3.1.4.1.10). What is of no kind is refused for its URI.
bool server_table::state::known_option(const shell_kind* kind, base::bytes_view name, base::bytes_view action) const
{
    return std::any_of(options.kinds.begin(), options.kinds.end(), [&](const shell_kind& k) {
        return (kind == nullptr || kind == &k) &&
               std::any_of(k.options.begin(), k.options.end(),
                           [&](const kind_option& o) { return base::iequals(o.name, name) && o.action == action; });
    });
}

/// A shell is found under its own kind's URI only.
server_shell* server_table::state::find_shell(const call& c, const shell_kind& kind)
{
    const std::string* id = c.request.header().selectors.find("ShellId");
    const auto at = id == nullptr ? shells.end() : shells.find(shell_key(*id));
    const bool found = at != shells.end() && at->second->kind == &kind &&
                       at->second->info.resource_uri == c.request.header().resource_uri;
    return found ? at->second.get() : nullptr;
}

server_table::state::outcome server_table::state::identify(const call& c)
{
    const wsman::identity id{std::string(soap::ns::w), options.product_vendor, options.product_version,
                             options.security_profiles};
    replies.push_back({c.token, false, wsman::write_identify_reply(id)});
    return {};
}

server_table::state::outcome server_table::state::get_config(const call& c)
{
    if (c.request.header().action != wsman::action::get) return fault{fault_code::action_not_supported, {}, {}};
    if (options.config == nullptr) return fault{fault_code::invalid_resource_uri, {}, {}};
    if (auto why = check_selectors(c, false)) return why;
    answer(c.token, c.request.header().message_id, c.request.header().action,
           [this](xml::writer& w) { wsman::write_config(w, *options.config); });
    return {};
}

/// A shell is named by its ShellId; Enumerate of commands may bring that too (MS-WSMV 3.1.4.8.2). What else is brought
/// does not get 8033805B, which clients take for the end of the shell.
server_table::state::outcome server_table::state::check_selectors(const call& c, bool of_shell)
{
    for (const wsman::selector& s : c.request.header().selectors.items()) {
        if (of_shell && base::iequals(s.name, "ShellId")) continue;
        return fault{fault_code::invalid_selectors, "The selector \"" + s.name + "\" does not belong to this resource.",
                     "UnexpectedSelectors"};
    }
    return {};
}

server_table::state::outcome server_table::state::dispatch(const call& c)
{
    const auto& h = c.request.header();
    if (c.request.is_identify()) return identify(c);
    // Signal and Delete are exempt from the quota: they free what it counts.
    const bool ends_something = h.action == wsman::action::signal || h.action == wsman::action::delete_;
    if (waiting >= options.max_operations_per_user && !ends_something)
        return fault{fault_code::quota_operations_per_user, {}, {}};
    const shell_kind* kind = find_kind(h.resource_uri);
    for (const wsman::option& o : h.options.items()) {
        if (o.must_comply && !known_option(kind, o.name, h.action)) return fault{fault_code::invalid_options, {}, {}};
    }
    // MS-WSMV 3.1.4.1.31.8; Windows answers so.
    if (c.form.chunked && (kind != nullptr || base::bytes_view(h.resource_uri).starts_with(wsman::resource_uri::shell)))
        return fault{fault_code::not_supported, "A remote shell takes no request in chunks.", {}};
    if (h.resource_uri == wsman::resource_uri::config) return get_config(c);
    if (h.resource_uri == wsman::resource_uri::shell || h.resource_uri == wsman::resource_uri::shell_command) {
        const bool all = h.action == wsman::action::enumerate;
        if (!all && h.action != wsman::action::pull && h.action != wsman::action::release)
            return fault{fault_code::action_not_supported, {}, {}};
        if (auto why = check_selectors(c, h.resource_uri == wsman::resource_uri::shell_command)) return why;
        return all ? enumerate(c) : h.action == wsman::action::pull ? pull(c) : release(c);
    }
    if (kind == nullptr) return fault{fault_code::invalid_resource_uri, {}, {}};
    return dispatch_shell(c, *kind);
}

server_table::state::outcome server_table::state::dispatch_shell(const call& c, const shell_kind& kind)
{
    const auto& h = c.request.header();
    if (h.action == wsman::action::create) {
        auto why = check_selectors(c, false);
        return why ? why : create(c, kind);
    }
    if (h.action == wsman::action::enumerate) return enumerate_kind(c);
    const auto is = [&](base::bytes_view a) { return h.action == a; };
    const bool known = is(wsman::action::get) || is(wsman::action::delete_) || is(wsman::action::command) ||
                       is(wsman::action::send) || is(wsman::action::receive) || is(wsman::action::signal) ||
                       is(wsman::action::disconnect) || is(wsman::action::reconnect) || is(wsman::action::connect);
    if (!known) return fault{fault_code::action_not_supported, {}, {}};
    if (auto why = check_selectors(c, true)) return why;
    if (h.selectors.find("ShellId") == nullptr) return fault{fault_code::insufficient_selectors, {}, {}};
    server_shell* s = find_shell(c, kind);
    if (s == nullptr) return no_such_shell();
    s->active = c.now;
    return dispatch_verb(c, *s);
}

/// What a shell does not take in its phase.
server_table::state::outcome server_table::state::not_now(const server_shell& s, base::bytes_view action)
{
    if (action == wsman::action::delete_ || action == wsman::action::get) return {};
    const auto process = s.commands.find({});
    if (process != s.commands.end() && process->second->phase == server_command_phase::starting)
        return fault{fault_code::busy, {}, {}};
    if (s.phase == server_shell_phase::lost && action != wsman::action::receive && action != wsman::action::signal)
        return lost_fault(s);
    const bool comes_back = action == wsman::action::reconnect || action == wsman::action::connect;
    if (s.phase == server_shell_phase::disconnected && !comes_back && action != wsman::action::disconnect)
        return fault{fault_code::shell_disconnected, {}, {}};
    return {};
}

server_table::state::outcome server_table::state::dispatch_verb(const call& c, server_shell& s)
{
    const auto& h = c.request.header();
    if (auto why = not_now(s, h.action)) return why;
    if (h.action == wsman::action::command) return command(c, s);
    if (h.action == wsman::action::send) return send(c, s);
    if (h.action == wsman::action::receive) return receive(c, s);
    if (h.action == wsman::action::signal) return signal(c, s);
    if (h.action == wsman::action::get) {
        answer(c.token, h.message_id, h.action, [&](xml::writer& w) { write_shell(w, told(s, c.now)); });
        return {};
    }
    if (h.action == wsman::action::delete_) {
        close_shell(shell_key(s.info.shell_id), "deleted", c.now);
        answer(c.token, h.message_id, h.action, {});
        return {};
    }
    if (s.kind->processes != process_use::one_for_the_shell) return fault{fault_code::disconnect_not_supported, {}, {}};
    if (h.action == wsman::action::disconnect) return disconnect(c, s);
    return h.action == wsman::action::reconnect ? reconnect(c, s) : connect(c, s);
}

// -- the outside

server_table::server_table(table_options options, base::random_source random, base::log_sink& log, base::time_point)
    : state_(std::make_unique<state>(std::move(options), std::move(random), log))
{}
server_table::~server_table() = default;

void server_table::handle_request(request_token token, base::bytes_view utf8, base::bytes_view client_ip,
                                  base::time_point now, request_form form)
{
    auto read = wsman::read_request(utf8, state_->options.limits);
    if (const auto* no = std::get_if<wsman::rejected_request>(&read))
        return state_->refuse(token, no->message_id, no->fault);
    const auto& request = std::get<wsman::incoming_request>(read);
    if (auto why = state_->dispatch({token, request, client_ip, now, form}))
        state_->refuse(token, request.header().message_id, *why);
}

void server_table::handle_unreadable(request_token token, std::string reason, base::time_point)
{
    state_->refuse(token, {}, {fault_code::character_set, std::move(reason), {}});
}

void server_table::handle_gone(request_token token, base::time_point now)
{
    const auto drop = [&](std::optional<waiting_request>& w) {
        if (!w || w->token != token) return;
        w.reset();
        --state_->waiting;
    };
    for (auto& [p, c] : state_->processes) {
        drop(c->starting);
        drop(c->connecting);
        if (c->sending && c->sending->request && c->sending->request->token == token) { // not taken, nobody to be told
            c->sending.reset();
            --state_->waiting;
            c->shell->active = now;
        }
        if (!c->receiving || c->receiving->request.token != token) continue;
        c->receiving.reset();
        --state_->waiting;
        c->shell->active = now;
    }
}

void server_table::handle_answer_now(request_token token, base::time_point now)
{
    for (auto& [p, c] : state_->processes) {
        if (c->sending && c->sending->request && c->sending->request->token == token) c->sending->until = now;
        if (c->receiving && c->receiving->request.token == token) c->receiving->until = now;
    }
    handle_timeout(now);
}

// -- news of processes

void server_table::process_started(process_ref p, std::uint32_t pid, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at == state_->processes.end()) return;
    server_command& c = *at->second;
    if (!step(c.phase, server_command_step::start)) return;
    if (!c.shell->info.process_id && pid != 0) c.shell->info.process_id = pid;
    if (is_shell_process(c)) return state_->answer_create(*c.shell, c.starting, now);
    state_->answer_later(c.starting, wsman::action::command, [&c](xml::writer& w) { write_command_reply(w, c.id); });
}

void server_table::process_not_started(process_ref p, start_failure why, base::time_point now, base::bytes_view text)
{
    const auto at = state_->processes.find(p);
    if (at == state_->processes.end()) return;
    server_command& c = *at->second;
    fault f{fault_code::file_not_found, "The program was not found.", {}};
    if (why == start_failure::no_permission) f = {fault_code::access_denied, "The program may not be run.", {}};
    if (why == start_failure::bad_directory)
        f = {fault_code::file_not_found, "The working directory cannot be entered.", {}};
    if (why == start_failure::no_resources)
        f = {fault_code::quota_processes_per_shell, "No further process can be started.", {}};
    if (why == start_failure::ended) f = {fault_code::service_stream_disconnected, "The process has ended.", {}};
    if (!text.empty()) f.text = text;
    state_->refuse_later(c.starting, f);
    if (is_shell_process(c)) return state_->close_shell(shell_key(c.shell->info.shell_id), "not_started", now);
    state_->remove_command(c, "not_started", now);
}

void server_table::process_output(process_ref p, std::size_t stream, base::bytes_view data, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at == state_->processes.end() || data.empty()) return;
    server_command& c = *at->second;
    if (c.phase >= server_command_phase::ended || stream >= c.output.names().size()) return;
    state_->take_output(c, stream, data, now);
}

void server_table::process_output_end(process_ref p, std::size_t stream, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at == state_->processes.end() || stream >= at->second->output.names().size()) return;
    at->second->output.end(stream);
    state_->check_end(*at->second, now);
}

void server_table::process_input_taken(process_ref p, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at != state_->processes.end()) state_->input_taken(*at->second, now);
}

void server_table::process_exited(process_ref p, int status, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at == state_->processes.end()) return;
    server_command& c = *at->second;
    if (!step(c.phase, server_command_step::exit)) return;
    c.status = status;
    c.exited_at = now;
    // What was not read by then is discarded, as a Send after the exit is.
    state_->drop_input(c, now);
    state_->check_end(c, now);
}

void server_table::process_lost(process_ref p, std::string text, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at != state_->processes.end() && is_shell_process(*at->second))
        state_->lose_shell(*at->second->shell, std::move(text), now);
}

void server_table::process_connected(process_ref p, std::optional<base::bytes> answer, base::time_point now)
{
    const auto at = state_->processes.find(p);
    if (at != state_->processes.end()) state_->connected(*at->second, std::move(answer), now);
}

std::optional<outgoing_reply> server_table::poll_reply()
{
    if (state_->replies.empty()) return {};
    auto out = std::move(state_->replies.front());
    state_->replies.pop_front();
    return out;
}

std::optional<process_order> server_table::poll_order()
{
    if (state_->orders.empty()) return {};
    auto out = std::move(state_->orders.front());
    state_->orders.pop_front();
    return out;
}

// -- time

namespace {

/// A request under way keeps a shell from being idle.
bool busy(const server_shell& s)
{
    return std::any_of(s.commands.begin(), s.commands.end(), [](const auto& entry) {
        const server_command& c = *entry.second;
        return c.receiving || (c.sending && c.sending->request) || c.starting || c.connecting;
    });
}

time_point end_of(const server_shell& s) { return busy(s) ? s.dies : std::min(s.dies, s.active + s.idle); }

} // namespace

base::time_point server_table::deadline() const noexcept
{
    time_point first = never;
    for (const auto& [key, s] : state_->shells) {
        first = std::min(first, end_of(*s));
        for (const auto& [id, c] : s->commands) first = std::min(first, state_->command_deadline(*c));
    }
    for (const auto& [context, e] : state_->enumerations) first = std::min(first, e.until);
    return first;
}

void server_table::handle_timeout(base::time_point now)
{
    std::vector<std::string> dead;
    for (const auto& [key, s] : state_->shells) {
        for (const auto& [id, c] : s->commands) {
            state_->check_end(*c, now);
            state_->expire_send(*c, now);
            state_->try_answer(*c, now);
        }
        if (end_of(*s) <= now) dead.push_back(key);
    }
    for (const auto& key : dead) state_->close_shell(key, "timed_out", now);
    for (auto at = state_->enumerations.begin(); at != state_->enumerations.end();) {
        at = at->second.until <= now ? state_->enumerations.erase(at) : std::next(at);
    }
}

void server_table::close_all(base::time_point now)
{
    while (!state_->shells.empty())
        state_->close_shell(std::string(state_->shells.begin()->first), "service_stops", now);
    state_->enumerations.clear();
}

std::size_t server_table::shells() const noexcept { return state_->shells.size(); }

bool server_table::has_shell(base::bytes_view id) const { return state_->shells.contains(shell_key(id)); }

std::size_t server_table::objects() const noexcept
{
    std::size_t sum = state_->shells.size() + state_->processes.size() + state_->enumerations.size() + state_->waiting +
                      state_->replies.size() + state_->orders.size();
    for (const auto& [key, s] : state_->shells) sum += s->commands.size() + s->finished.size();
    return sum;
}

} // namespace winrm::shell
