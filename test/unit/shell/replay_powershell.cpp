// client_shell as a PowerShell shell against recorded Windows hosts: its requests mean what the recorded client's
// meant, and every byte of the answers comes out, by pool and pipeline.
#include "shell/client_shell.h"

#include "base/text.h"
#include "unit/shell/meaning.h"
#include "unit/shell/recordings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace winrm::shell {
namespace {

using test::recording;

/// A Receive for a command that nobody started: nothing that this machine can ask.
constexpr std::string_view not_ours = "psrp_receive_failure";

/// Requests of another kind, asked of a shell by its application.
bool is_ours(const wsman::incoming_request& r)
{
    return r.header().action != wsman::action::get && r.header().action != wsman::action::enumerate;
}

class powershell_player
{
public:
    explicit powershell_player(const recording& what) : what_(what)
    {
        for (const auto& e : what.exchanges)
            signals_ = signals_ || e.request.find(wsman::action::signal) != std::string::npos;
    }

    void play()
    {
        for (const auto& e : what_.exchanges) {
            if (e.answer.empty() || e.answer.find("Envelope") == std::string::npos) continue; // no answer was recorded
            if (e.request.find(">PT-1S<") != std::string::npos) continue; // no duration: pypsrp's trick, not ours
            const auto request = test::read(e.request);
            if (!is_ours(request)) continue;
            lead_to(request);
            answer(request, e.answer);
        }
        EXPECT_EQ(got_, expected_);
    }

private:
    struct one
    {
        client_shell machine;
        std::vector<std::pair<exchange_id, wsman::incoming_request>> pending;
        std::map<std::string, command_number> commands{{"", shell_itself}};
    };

    static std::string upper_id(const wsman::incoming_request& r)
    {
        const auto* id = r.header().selectors.find("ShellId");
        return id == nullptr ? std::string() : *id;
    }

    one& start(const std::string& id, bool own_streams)
    {
        client_options o;
        o.streams_of_shell = own_streams;
        o.signal_after_done = signals_;
        o.send_envelope_size = 4 * 1024 * 1024; // pieces as the recorded client cut them
        return shells_.insert_or_assign(id, one{client_shell{o}, {}}).first->second;
    }

    one& create(const wsman::incoming_request& r)
    {
        client_options o;
        o.create = test::create_of(r);
        o.streams_of_shell = o.create.resource_uri.starts_with(wsman::resource_uri::powershell);
        o.signal_after_done = signals_;
        o.send_envelope_size = 4 * 1024 * 1024;
        one& s = shells_.insert_or_assign(o.create.shell_id, one{client_shell{o}, {}}).first->second;
        s.machine.open();
        return s;
    }

    /// The application's call that makes the machine ask for this.
    void lead_to(const wsman::incoming_request& r)
    {
        const auto& action = r.header().action;
        if (action == wsman::action::create) {
            current_ = &create(r);
        } else if (action == wsman::action::connect) {
            current_ = &start(upper_id(r), true);
            current_->machine.connect(test::connect_of(r));
        } else {
            for (auto& [id, s] : shells_) { // the host chose the id of a cmd shell
                if (base::iequals(s.machine.shell_id(), upper_id(r))) current_ = &s;
            }
        }
        if (action == wsman::action::command) {
            auto command = std::get<start_command>(read_command(r));
            static_cast<void>(current_->machine.run(std::move(command)));
        } else if (action == wsman::action::send) {
            const auto blocks = std::get<std::vector<stream_block>>(read_send(r));
            for (const auto& b : blocks)
                current_->machine.send_input(current_->commands[b.command_id], b.data, b.end, b.stream);
        } else if (action == wsman::action::delete_) {
            current_->machine.close_now();
        } else if (action == wsman::action::disconnect) {
            EXPECT_TRUE(current_->machine.disconnect());
        } else if (action == wsman::action::reconnect) {
            EXPECT_TRUE(current_->machine.reconnect());
        }
        collect();
    }

    void collect()
    {
        while (auto o = current_->machine.poll_request()) {
            o->request.header.message_id = "uuid:1";
            current_->pending.emplace_back(o->id, test::read(wsman::write_request(o->request)));
        }
        while (auto e = current_->machine.poll_event()) {
            if (const auto* out = std::get_if<command_output>(&*e)) got_ += out->data;
            if (const auto* c = std::get_if<command_started>(&*e)) current_->commands[c->command_id] = c->command;
            if (const auto* f = std::get_if<shell_failed>(&*e)) failed_ = f->error.message();
        }
    }

    void answer(const wsman::incoming_request& recorded, const std::string& text)
    {
        const std::string wanted = test::meaning(recorded);
        ASSERT_FALSE(wanted.empty());
        auto& pending = current_->pending;
        const auto same = std::find_if(pending.begin(), pending.end(),
                                       [&](const auto& p) { return test::meaning(p.second) == wanted; });
        if (same == pending.end()) {
            ADD_FAILURE() << "not asked:\n"
                          << wanted << "\nbut\n"
                          << (pending.empty() ? "nothing" : test::meaning(pending.back().second)) << failed_;
            return;
        }
        const auto id = same->first;
        pending.erase(same);
        auto reply = wsman::read_reply(text, base::limits{}, {});
        ASSERT_TRUE(reply) << reply.error();
        if (recorded.header().action == wsman::action::receive && !reply->fault()) {
            const auto said = read_receive_reply(*reply);
            for (const auto& b : said.value().blocks) expected_ += b.data;
        }
        current_->machine.handle_reply(id, *reply);
        collect();
    }

    const recording& what_;
    std::map<std::string, one> shells_;
    one* current_ = nullptr;
    std::string got_, expected_, failed_;
    bool signals_ = false;
};

TEST(recorded_client, every_powershell_conversation)
{
    const auto all = test::powershell_recordings();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    EXPECT_GE(all.size(), 29U);
    for (const auto& r : all) {
        if (r.name == not_ours) continue;
        SCOPED_TRACE(r.name);
        powershell_player(r).play();
    }
}

} // namespace
} // namespace winrm::shell
