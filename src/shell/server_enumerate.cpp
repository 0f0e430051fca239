// Enumerate, Pull and Release of shells and commands (MS-WSMV 3.1.4.8–10).
#include "shell/server_table_state.h"

#include "base/text.h"

#include <algorithm>

namespace winrm::shell {
namespace {

constexpr std::size_t max_enumerations = 64;
constexpr std::size_t max_batch = 32'000; // MaxBatchItems of winrm/config

} // namespace

void server_table::state::write_items(xml::writer& w, const enumeration& e, std::size_t from, std::size_t to) const
{
    for (std::size_t i = from; i < to; ++i) {
        if (e.commands) write_command_info(w, e.infos[i]);
        else write_shell(w, e.shells[i]);
    }
}

/// How many of the next items fit the envelope.
std::size_t server_table::state::fitting(const enumeration& e, std::size_t wanted, const call& c) const
{
    const std::size_t room = envelope_room(c);
    const std::size_t last = std::min(e.size(), e.next + std::min(wanted, max_batch));
    std::string text;
    xml::writer w(text);
    std::size_t to = e.next;
    while (to < last) {
        write_items(w, e, to, to + 1);
        if (text.size() + 512 > room) break;
        ++to;
    }
    return to - e.next;
}

server_table::state::outcome server_table::state::enumerate(const call& c)
{
    const auto& h = c.request.header();
    auto read = wsman::read_enumerate(c.request.payload());
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const auto& asked = std::get<wsman::enumerate_request>(read);
    enumeration e;
    e.commands = h.resource_uri == wsman::resource_uri::shell_command;
    if (!asked.mode.empty()) {
        return fault{e.commands ? fault_code::enumerate_commands_epr_not_supported : fault_code::unsupported_feature,
                     {},
                     e.commands ? "" : "EnumerationMode"};
    }
    if (e.commands) {
        if (asked.filter_dialect.empty()) return fault{fault_code::enumerate_commands_filter_expected, {}, {}};
        if (asked.filter_dialect != wsman::selector_filter_dialect)
            return fault{fault_code::filter_dialect_unavailable, {}, {}};
        const std::string* id = asked.filter_selectors.find("ShellId");
        if (id == nullptr) return fault{fault_code::enumerate_commands_filter_expected, {}, {}};
        if (asked.filter_selectors.items().size() != 1)
            return fault{fault_code::cannot_process_filter, "Commands are filtered by their ShellId alone.", {}};
        const auto at = shells.find(shell_key(*id));
        if (at == shells.end()) return no_such_shell();
        for (const auto& [key, n] : at->second->commands) {
            // A pipeline whose end was told has nothing for a client that connects, which would wait for it (pypsrp).
            const bool over = n->phase == server_command_phase::reported &&
                              at->second->kind->processes == process_use::one_for_the_shell;
            if (is_shell_process(*n) || over) continue;
            e.infos.push_back({n->id, n->line, n->phase >= server_command_phase::ended ? "Done" : "Running"});
        }
    } else {
        if (!asked.filter_dialect.empty()) return fault{fault_code::filtering_not_supported, {}, {}};
        for (const auto& [key, s] : shells) e.shells.push_back(told(*s, c.now));
    }
    const std::size_t count = asked.optimize ? fitting(e, std::max<std::size_t>(1, asked.max_elements), c) : 0;
    const bool end = asked.optimize && count == e.size();
    if (!end && enumerations.size() >= max_enumerations) return fault{fault_code::quota_operations_per_user, {}, {}};
    const std::string context = end ? std::string() : base::uuid::random(random).text();
    answer(c.token, h.message_id, h.action, [&](xml::writer& w) {
        wsman::write_enumerate_response(
            w, context, asked.optimize, [&](xml::writer& x) { write_items(x, e, 0, count); }, end);
    });
    if (end) return {};
    e.next = count;
    e.until = c.now + options.enumeration_time;
    enumerations[context] = std::move(e);
    return {};
}

/// Shells are enumerated at their common URI only (MS-WSMV 3.1.4.8.2).
server_table::state::outcome server_table::state::enumerate_kind(const call& c)
{
    auto read = wsman::read_enumerate(c.request.payload());
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const bool filter = !std::get<wsman::enumerate_request>(read).filter_dialect.empty();
    return fault{filter ? fault_code::filtering_not_supported : fault_code::action_not_supported, {}, {}};
}

server_table::state::outcome server_table::state::pull(const call& c)
{
    const auto& h = c.request.header();
    auto read = wsman::read_pull(c.request.payload());
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    const auto& asked = std::get<wsman::pull_request>(read);
    const auto at = enumerations.find(asked.context);
    const bool commands = h.resource_uri == wsman::resource_uri::shell_command;
    if (at == enumerations.end() || at->second.commands != commands)
        return fault{fault_code::invalid_enumeration_context, {}, {}};
    enumeration& e = at->second;
    const std::size_t from = e.next;
    const std::size_t count = fitting(e, asked.max_elements, c);
    if (count == 0 && e.next != e.size()) return too_small(c);
    e.next += count;
    e.until = c.now + options.enumeration_time;
    const bool end = e.next == e.size();
    answer(c.token, h.message_id, h.action, [&](xml::writer& w) {
        wsman::write_pull_response(
            w, asked.context, [&](xml::writer& x) { write_items(x, e, from, e.next); }, end);
    });
    if (end) enumerations.erase(at);
    return {};
}

server_table::state::outcome server_table::state::release(const call& c)
{
    const auto& h = c.request.header();
    auto read = wsman::read_release(c.request.payload());
    if (auto* why = std::get_if<fault>(&read)) return std::move(*why);
    if (enumerations.erase(std::get<std::string>(read)) == 0)
        return fault{fault_code::invalid_enumeration_context, {}, {}};
    answer(c.token, h.message_id, h.action, {});
    return {};
}

} // namespace winrm::shell
