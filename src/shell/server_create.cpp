// Create and the end of shells (MS-WSMV 3.1.4.5, 3.1.4.4, 3.2.2).
#include "shell/server_table_state.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace winrm::shell {
namespace {

constexpr std::size_t max_shell_name = 256;
constexpr std::size_t max_path = 4096; // PATH_MAX

fault refuse_parameter(std::string text) { return {fault_code::wsman_invalid_parameter, std::move(text), {}}; }

bool is_name(base::bytes_view name)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || name.size() > max_shell_name || !letter(name.front())) return false;
    return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// Variables that make the loader or the C library run or read other code and data than the command names.
bool steers_loader(base::bytes_view name)
{
    constexpr std::array<base::bytes_view, 4> names{"GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH"};
    return name.substr(0, 3) == "LD_" || std::find(names.begin(), names.end(), name) != names.end();
}

/// Output is passed as it is; where ASCII means the same, a code page is a promise we can keep (doc/PROTOCOL.md).
bool passes_through(std::uint32_t page)
{
    return page == 65001 || page == 437 || page == 20127 || page == 850 || page == 1252;
}

/// Windows clients send the place of their user by name; a short list is understood.
std::string expand(base::bytes_view path, base::bytes_view home)
{
    struct place
    {
        base::bytes_view name, at;
    };
    const std::array<place, 3> places{{{"%USERPROFILE%", home}, {"%HOME%", home}, {"%TEMP%", "/tmp"}}};
    for (const place& p : places) {
        if (base::iequals(path.substr(0, p.name.size()), p.name))
            return std::string(p.at) + std::string(path.substr(p.name.size()));
    }
    return std::string(path);
}

bool only(const std::vector<std::string>& given, std::initializer_list<base::bytes_view> allowed)
{
    return std::all_of(given.begin(), given.end(),
                       [&](const auto& g) { return std::find(allowed.begin(), allowed.end(), g) != allowed.end(); });
}

} // namespace

server_table::state::outcome server_table::state::check_create(create_shell& c, server_shell& s) const
{
    if (!c.shell_id.empty() && (c.shell_id.front() == '{' || !base::uuid::parse(c.shell_id))) {
        return fault{fault_code::invalid_selectors, "The proposed ShellId is no GUID.", {}};
    }
    if (!only(c.input_streams, {"stdin"}) || !only(c.output_streams, {"stdout", "stderr"})) {
        return refuse_parameter("A stream of the shell is not known.");
    }
    if (c.output_streams.empty()) c.output_streams = {"stdout", "stderr"};
    s.info.working_directory = c.working_directory.empty() ? options.home : expand(c.working_directory, options.home);
    if (s.info.working_directory.size() > max_path) return refuse_parameter("The working directory is too long.");
    if (s.info.working_directory.empty() || s.info.working_directory.front() != '/') {
        return refuse_parameter("The working directory is not absolute.");
    }
    for (const variable& v : c.environment) {
        if (!is_name(v.name)) return refuse_parameter("\"" + v.name + "\" is no name of a variable.");
        if (steers_loader(v.name)) return refuse_parameter("The variable \"" + v.name + "\" may not be set.");
    }
    if (c.code_page && !passes_through(*c.code_page)) return fault{fault_code::code_page_not_supported, {}, {}};
    if (c.idle_timeout && *c.idle_timeout > options.max_idle_timeout)
        return fault{fault_code::idle_timeout_out_of_bounds, {}, {}};
    return {};
}

server_table::state::outcome server_table::state::create(const call& c)
{
    const auto& h = c.request.header();
    if (!h.compression.empty()) return fault{fault_code::unsupported_feature, "Streams are not compressed.", {}};
    auto read = read_create(c.request);
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    auto& wanted = std::get<create_shell>(read);
    auto s = std::make_unique<server_shell>();
    if (auto why = check_create(wanted, *s)) return why;
    s->info.shell_id = wanted.shell_id.empty() ? base::uuid::random(random).text() : wanted.shell_id;
    const std::string key = shell_key(s->info.shell_id);
    if (shells.count(key) != 0) return fault{fault_code::already_exists, {}, {}};
    if (shells.size() >= options.max_shells) return fault{fault_code::quota_shells_per_user, {}, {}};
    s->idle = std::max(wanted.idle_timeout.value_or(options.default_idle_timeout), options.min_idle_timeout);
    milliseconds life = wanted.lifetime.value_or(milliseconds{0}); // 0 = none
    if (options.max_lifetime.count() > 0 && (life.count() == 0 || life > options.max_lifetime))
        life = options.max_lifetime;
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
    const server_shell& made = *(shells[key] = std::move(s));
    // Nothing of the host's own name: the client knows where it is.
    const std::string address = h.to.empty() ? "http://localhost:5985/wsman" : h.to;
    answer(c.token, h.message_id, h.action, [&](xml::writer& w) { write_create_reply(w, told(made, c.now), address); });
    return {};
}

shell_info server_table::state::told(const server_shell& s, time_point now) const
{
    shell_info info = s.info;
    const auto since = [now](time_point t) { return std::chrono::duration_cast<milliseconds>(now - t); };
    info.counts_answers = options.counts_answers;
    info.run_time = since(s.created);
    info.inactivity = since(s.active);
    std::uint32_t children = 0;
    for (const auto& [id, c] : s.commands) children += c->running && !c->exited ? 1U : 0U;
    info.child_processes = children;
    return info;
}

void server_table::state::close_shell(const std::string& key, const char* why, time_point now)
{
    const auto at = shells.find(key);
    if (at == shells.end()) return;
    while (!at->second->commands.empty()) remove_command(*at->second->commands.begin()->second, why, now);
    log.write(base::log_level::info, "shell_end",
              {{"user", options.owner}, {"shell", at->second->info.shell_id}, {"why", why}});
    shells.erase(at);
}

} // namespace winrm::shell
