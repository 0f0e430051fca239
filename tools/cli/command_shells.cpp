#include "cli/blocking_session.h"
#include "cli/commands.h"
#include "cli/login_words.h"
#include "cli/report.h"

#include "base/text.h"
#include "shell/messages.h"
#include "soap/namespaces.h"
#include "wsman/enumeration.h"

#include <algorithm>
#include <functional>

namespace winrm::cli {
namespace {

/// Limits against a host that lists without end: items, and answers in a row without any.
constexpr std::size_t longest_list = 100'000, longest_pause = 100;
constexpr std::size_t per_pull = 50;

/// Enumerate, then Pull to the end.
/// @param item  reads one element of the list; an error ends it
result<void> list(blocking_session& host, base::bytes_view resource, wsman::enumerate_request first,
                  const std::function<result<void>(const xml::element&)>& item)
{
    wsman::outgoing_request request;
    request.header.resource_uri = resource;
    request.header.action = wsman::action::enumerate;
    first.optimize = true;
    first.max_elements = per_pull;
    request.body = wsman::enumerate_body(std::move(first));
    std::size_t count = 0, empty = 0;
    for (;;) {
        const auto reply = host.ask(std::move(request));
        if (!reply) return reply.error();
        const auto part = wsman::read_enumeration(reply->payload());
        if (!part) return part.error();
        for (const auto* e : part->items) {
            if (auto read = item(*e); !read) return read;
            if (++count > longest_list) return error(errc::too_large, "the host's list has more than 100000 items");
        }
        if (part->end) return {};
        if (part->context.empty()) return error(errc::protocol, "the host's list neither ends nor tells how to go on");
        if (part->items.empty() && ++empty > longest_pause)
            return error(errc::protocol, "the host's list goes on without items");
        request = {};
        request.header.resource_uri = resource;
        request.header.action = wsman::action::pull;
        request.body = wsman::pull_body({part->context, per_pull});
    }
}

struct listed_shell
{
    shell::shell_info info;
    std::vector<shell::command_info> commands; ///< only with --commands
};

result<void> list_commands(blocking_session& host, listed_shell& of)
{
    wsman::enumerate_request which;
    which.filter_dialect = wsman::selector_filter_dialect;
    which.filter_selectors.add("ShellId", of.info.shell_id);
    return list(host, wsman::resource_uri::shell_command, std::move(which), [&](const xml::element& e) -> result<void> {
        const auto text = [&e](base::bytes_view name) {
            const auto* child = e.child(soap::ns::rsp, name);
            return child == nullptr ? std::string() : std::string(child->text());
        };
        of.commands.push_back({text("CommandId"), text("CommandLine"), text("State")});
        return {};
    });
}

result<std::vector<listed_shell>> list_shells(blocking_session& host, bool with_commands)
{
    std::vector<listed_shell> out;
    auto read = list(host, wsman::resource_uri::shell, {}, [&out](const xml::element& e) -> result<void> {
        auto info = shell::read_shell(e);
        if (!info) return info.error();
        out.push_back({std::move(*info), {}});
        return {};
    });
    if (!read) return read.error();
    if (!with_commands) return out;
    for (auto& s : out) {
        auto got = list_commands(host, s);
        // A shell may have ended since the list was made.
        if (!got && got.error().origin() != error_origin::fault) return got.error();
    }
    return out;
}

std::string seconds(const std::optional<base::milliseconds>& time)
{
    return time ? std::to_string(time->count() / 1000) + "s" : "-";
}

/// One line per shell; below it, indented, one per command.
std::string table(const std::vector<listed_shell>& shells)
{
    std::vector<std::vector<std::string>> rows{{"ID", "STATE", "AGE", "IDLE", "FROM", "NAME"}};
    for (const auto& [s, commands] : shells) {
        rows.push_back({base::printable(s.shell_id, 100), base::printable(s.state, 20), seconds(s.run_time),
                        seconds(s.inactivity), base::printable(s.client_ip, 60), base::printable(s.name, 60)});
    }
    std::vector<std::size_t> width(rows.front().size());
    for (const auto& r : rows) {
        for (std::size_t i = 0; i < r.size(); ++i) width[i] = std::max(width[i], r[i].size());
    }
    std::string out;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        const auto& r = rows[n];
        std::string line;
        for (std::size_t i = 0; i < r.size(); ++i) {
            line += r[i];
            line.append(width[i] + 2 - r[i].size(), ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
        if (n == 0) continue;
        for (const auto& c : shells[n - 1].commands) {
            out += "  " + base::printable(c.command_id, 100) + "  " + base::printable(c.state, 20) + "  " +
                   base::printable(c.command_line, 200) + "\n";
        }
    }
    return out;
}

void write_shell(json_writer& w, const listed_shell& listed, bool with_commands)
{
    const auto& s = listed.info;
    w.begin_object();
    w.text("shell_id", s.shell_id);
    w.text("name", s.name);
    w.text("resource_uri", s.resource_uri);
    w.text("owner", s.owner);
    w.text("client_ip", s.client_ip);
    w.text("state", s.state);
    if (s.run_time) w.number("run_time_ms", s.run_time->count());
    if (s.inactivity) w.number("inactivity_ms", s.inactivity->count());
    if (s.idle_timeout) w.number("idle_timeout_ms", s.idle_timeout->count());
    if (s.process_id) w.number("process_id", *s.process_id);
    if (s.child_processes) w.number("child_processes", *s.child_processes);
    if (with_commands) {
        w.begin_array("commands");
        for (const auto& c : listed.commands) {
            w.begin_object();
            w.text("command_id", c.command_id);
            w.text("command_line", c.command_line);
            w.text("state", c.state);
            w.end_object();
        }
        w.end_array();
    }
    w.end_object();
}

int delete_shells(blocking_session& host, const std::string& name, const std::vector<listed_shell>& shells, bool json)
{
    json_writer w;
    w.begin_object();
    w.text("host", name);
    w.begin_array("deleted");
    int status = 0;
    for (const auto& [s, commands] : shells) {
        const auto reply = host.ask(shell::make_delete(
            s.resource_uri.empty() ? std::string(wsman::resource_uri::cmd) : s.resource_uri, s.shell_id));
        w.begin_object();
        w.text("shell_id", s.shell_id);
        w.boolean("deleted", reply.has_value());
        if (!reply) {
            status = trouble;
            write_error(w, reply.error());
            write_all(2, error_line(name + ": shell " + base::printable(s.shell_id, 100), reply.error()));
        }
        w.end_object();
        if (!reply && reply.error().origin() != error_origin::fault) break; // the next would fail alike
    }
    w.end_array();
    w.end_object();
    return json ? print(w.str() + "\n", status) : status;
}

} // namespace

int shells_command(const options& o)
{
    int caught = 0;
    auto made = prepare(o, false, caught);
    if (!made) return not_begun(o, made.error(), caught);
    const std::string& name = made->host.name;
    blocking_session host(made->session, made->time_left(), made->host.timeout.value);
    if (!o.delete_shells.empty()) {
        std::vector<listed_shell> named;
        for (const auto& id : o.delete_shells) named.emplace_back().info.shell_id = id;
        const int status = delete_shells(host, name, named, o.json);
        if (o.verbose) write_all(2, login_line(name, host.login()));
        return status;
    }
    const auto shells = list_shells(host, o.commands);
    if (o.verbose) write_all(2, login_line(name, host.login()));
    if (!shells) return fail(name, shells.error(), o.json);
    if (o.delete_all) return delete_shells(host, name, *shells, o.json);
    if (!o.json) return print(shells->empty() ? std::string() : table(*shells));
    json_writer w;
    w.begin_object();
    w.text("host", name);
    w.begin_array("shells");
    for (const auto& s : *shells) write_shell(w, s, o.commands);
    w.end_array();
    w.end_object();
    return print(w.str() + "\n");
}

} // namespace winrm::cli
