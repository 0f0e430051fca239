// client_shell against a host made of single answers.
#pragma once

#include "shell/client_shell.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace winrm::shell {

using wsman::fault_code;

/// A host made of single answers: requests are kept in order until the test answers them.
class client_test : public testing::Test
{
protected:
    static wsman::incoming_reply read(const std::string& text) { return *wsman::read_reply(text, base::limits{}, {}); }

    wsman::incoming_reply ok(base::bytes_view action, const wsman::body_writer& body = {}) const
    {
        return read(wsman::write_reply({"uuid:2", ""}, wsman::action::response_of(action), body));
    }

    static wsman::incoming_reply no(fault_code code)
    {
        return read(wsman::write_fault({"uuid:2", ""}, {code, {}, {}}, "host"));
    }

    /// Before a Send that the host was too busy to take is asked again.
    static milliseconds longer_pause(milliseconds last)
    {
        const milliseconds usual{5'000};
        if (last >= usual) return std::min(last + last / 8, milliseconds{60'000});
        return std::clamp(last * 2, milliseconds{50}, usual);
    }

    void collect()
    {
        while (auto o = machine.poll_request()) asked.push_back(std::move(*o));
        while (auto e = machine.poll_event()) events.push_back(std::move(*e));
    }

    /// The oldest request under way, which must be this one.
    outgoing take(base::bytes_view action)
    {
        collect();
        if (asked.empty()) {
            ADD_FAILURE() << "nothing is asked, not " << action;
            return {};
        }
        auto o = std::move(asked.front());
        asked.pop_front();
        EXPECT_EQ(o.request.header.action, action);
        return o;
    }

    void answer(const outgoing& o, const wsman::incoming_reply& r)
    {
        machine.handle_reply(o.id, r);
        collect();
    }

    void open_shell()
    {
        machine.open();
        answer(take(wsman::action::create), created());
    }

    wsman::incoming_reply created(const std::string& id = "S") const
    {
        shell_info s;
        s.shell_id = id;
        return ok(wsman::action::create, [&](xml::writer& w) { write_create_reply(w, s, "http://host"); });
    }

    wsman::incoming_reply started() const
    {
        return ok(wsman::action::command, [](xml::writer& w) { write_command_reply(w, "C"); });
    }

    wsman::incoming_reply received(command_state state, std::optional<std::int32_t> code = {},
                                   base::bytes_view data = {}) const
    {
        std::vector<outgoing_block> blocks;
        if (!data.empty()) blocks.push_back({"stdout", data, false});
        return ok(wsman::action::receive, [&](xml::writer& w) { write_receive_reply(w, "C", blocks, state, code); });
    }

    /// A shell with one command that runs; its Receive is the only request under way.
    outgoing start()
    {
        open_shell();
        command = machine.run({"x", {}, {}, {}, {}});
        answer(take(wsman::action::command), started());
        auto receive = take(wsman::action::receive);
        events.clear();
        return receive;
    }

    template <class Event> [[nodiscard]] const Event* event() const
    {
        for (const auto& e : events) {
            if (const auto* found = std::get_if<Event>(&e)) return found;
        }
        return nullptr;
    }

    std::size_t size_of(const outgoing& o) const { return wsman::write_request(o.request).size(); }

    void anew()
    {
        machine = client_shell(client_options{});
        asked.clear();
        events.clear();
    }

    client_shell machine{client_options{}};
    command_number command{};
    std::deque<outgoing> asked;
    std::vector<client_event> events;
};

} // namespace winrm::shell
