// Create and the end of shells (MS-WSMV 3.1.4.5, 3.1.4.4, 3.2.2).
#include "shell/server_table_state.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace winrm::shell {
namespace {

bool only(const std::vector<std::string>& given, std::span<const base::bytes_view> allowed)
{
    return std::all_of(given.begin(), given.end(),
                       [&](const auto& g) { return std::find(allowed.begin(), allowed.end(), g) != allowed.end(); });
}

} // namespace

/// What all kinds of shell have, and then what this one has.
server_table::state::outcome server_table::state::check_create(create_shell& c, const shell_kind& kind,
                                                               server_shell& s) const
{
    if (!c.shell_id.empty() && (c.shell_id.front() == '{' || !base::uuid::parse(c.shell_id))) {
        return fault{fault_code::invalid_selectors, "The proposed ShellId is no GUID.", {}};
    }
    if (!only(c.input_streams, kind.inputs) || !only(c.output_streams, kind.outputs))
        return fault{fault_code::wsman_invalid_parameter, "A stream of the shell is not known.", {}};
    if (c.output_streams.empty()) c.output_streams.assign(kind.outputs.begin(), kind.outputs.end());
    if (auto why = kind.check(c, options, s.info)) return why;
    if (c.idle_timeout && *c.idle_timeout > options.max_idle_timeout)
        return fault{fault_code::idle_timeout_out_of_bounds, {}, {}};
    return {};
}

server_table::state::outcome server_table::state::create(const call& c, const shell_kind& kind)
{
    const auto& h = c.request.header();
    // Windows PowerShell's client insists on it; no client of cmd shells asks for it.
    const bool compressed = kind.streams == stream_form::packets && base::iequals(h.compression, "xpress");
    if (!h.compression.empty() && !compressed)
        return fault{fault_code::unsupported_feature, "Streams are not compressed so.", {}};
    auto read = read_create(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    auto& wanted = std::get<create_shell>(read);
    auto s = std::make_unique<server_shell>();
    if (auto why = check_create(wanted, kind, *s)) return why;
    s->kind = &kind;
    s->session_id = h.session_id;
    s->info.compressed = compressed;
    s->info.shell_id = wanted.shell_id.empty() ? base::uuid::random(random).text() : wanted.shell_id;
    const std::string key = shell_key(s->info.shell_id);
    if (shells.count(key) != 0) return fault{fault_code::already_exists, {}, {}};
    if (shells.size() >= options.max_shells_per_user) return fault{fault_code::quota_shells_per_user, {}, {}};
    s->idle = std::max(wanted.idle_timeout.value_or(options.default_idle_timeout), options.min_idle_timeout);
    milliseconds life = wanted.lifetime.value_or(milliseconds{0}); // 0 = none
    if (options.shell_lifetime.count() > 0 && (life.count() == 0 || life > options.shell_lifetime))
        life = options.shell_lifetime;
    if (life.count() > 0) s->dies = c.now + life;
    s->created = s->active = c.now;
    s->environment = std::move(wanted.environment);
    s->login_profile = wanted.no_profile == false; // only who asks for it gets login files: they may be slow and print
    s->info.profile_loaded = s->login_profile;
    s->info.resource_uri = h.resource_uri;
    s->info.owner = options.owner;
    s->info.client_ip = c.client_ip;
    s->info.name = wanted.name;
    s->info.idle_timeout = s->idle;
    s->info.max_idle_timeout = options.max_idle_timeout;
    s->info.input_streams = std::move(wanted.input_streams);
    s->info.output_streams = std::move(wanted.output_streams);
    // Nothing of the host's own name: the client knows where it is.
    s->address = h.to.empty() ? "http://localhost:5985/wsman" : h.to;
    server_shell& made = *(shells[key] = std::move(s));
    if (kind.processes == process_use::one_for_the_shell) {
        begin_process(c, made, std::move(wanted.creation_xml));
        return {};
    }
    std::optional<waiting_request> asking{{c.token, h.message_id}};
    ++waiting;
    answer_create(made, asking, c.now);
    return {};
}

/// Create is answered when the shell's process has read what came with it, or could not be started.
void server_table::state::begin_process(const call& c, server_shell& s, base::bytes&& first)
{
    auto made = std::make_unique<server_command>(*s.kind);
    server_command& n = *made;
    n.shell = &s;
    n.client_ip = c.client_ip;
    n.process = process_ref{next_process++};
    n.started = c.now;
    n.starting = waiting_request{c.token, c.request.header().message_id};
    ++waiting;
    s.commands[{}] = std::move(made);
    processes[n.process] = &n;
    orders.emplace_back(start_shell_process{n.process, std::move(first), s.info.resource_uri, s.info.shell_id});
}

void server_table::state::answer_create(server_shell& s, std::optional<waiting_request>& w, time_point now)
{
    answer_later(w, wsman::action::create,
                 [&](xml::writer& x) { write_create_reply(x, told(s, now), std::exchange(s.address, {})); });
}

shell_info server_table::state::told(const server_shell& s, time_point now) const
{
    shell_info info = s.info;
    const auto since = [now](time_point t) { return std::chrono::duration_cast<milliseconds>(now - t); };
    info.state = s.phase == server_shell_phase::disconnected ? "Disconnected" : "Connected";
    info.counts_answers = options.counts_answers;
    info.run_time = since(s.created);
    info.inactivity = since(s.active);
    std::uint32_t children = 0;
    for (const auto& [id, c] : s.commands) {
        if (!is_shell_process(*c) && c->phase == server_command_phase::running) ++children;
    }
    info.child_processes = children;
    return info;
}

void server_table::state::close_shell(const std::string& key, const char* why, time_point now)
{
    const auto at = shells.find(key);
    if (at == shells.end()) return;
    server_shell& s = *at->second;
    if (!step(s.phase, server_shell_step::close)) return;
    while (!s.commands.empty()) remove_command(*s.commands.begin()->second, why, now);
    log.write(base::log_level::info, "shell_end",
              {{"user", options.owner}, {"shell", s.info.shell_id}, {"reason", why}});
    shells.erase(at);
}

} // namespace winrm::shell
