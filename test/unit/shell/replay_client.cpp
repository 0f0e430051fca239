// The client's machine talks to recorded hosts: it must ask what their clients asked, and understand the answers. What
// needs recordings of Windows is in the suites recorded_*.
#include "shell/client_shell.h"

#include "unit/shell/meaning.h"
#include "unit/shell/recordings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace winrm::shell {
namespace {

using test::meaning;
using test::read;
using test::recording;

/// Recordings of requests that this machine cannot make, because it never asks for what it did not start.
const std::set<std::string> not_ours{
    "winrmsharp_ProtocolGetCommandStateBeforeRun", // Receive for a command nobody started
    "winrs_fail_poll_process",                     // Receive without a command
};

class player
{
public:
    explicit player(const recording& what) : what_(what) {}

    void play()
    {
        for (const auto& e : what_.exchanges) {
            const auto request = read(e.request);
            lead_to(request);
            answer(request, e.answer);
        }
        EXPECT_TRUE(machine_ && machine_->finished());
        // A Receive of a command that was given up stays unanswered.
        for (const auto& [id, r] : pending_) EXPECT_EQ(r.header().action, wsman::action::receive);
        EXPECT_EQ(ended_, what_.commands.size());
    }

private:
    /// The application's call that makes the machine ask for this.
    void lead_to(const wsman::incoming_request& r)
    {
        const auto& action = r.header().action;
        if (action == wsman::action::create) {
            client_options o;
            o.create = std::get<create_shell>(read_create(r));
            machine_.emplace(o);
            pending_.clear();
            machine_->open();
        } else if (action == wsman::action::command) {
            out_.clear();
            err_.clear();
            command_ = machine_->run(std::get<start_command>(read_command(r)));
            running_ = true;
        } else if (action == wsman::action::send) {
            const auto blocks = read_send(r);
            for (const auto& b : std::get<std::vector<stream_block>>(blocks))
                machine_->send_input(command_, b.data, b.end);
        } else if (action == wsman::action::signal && running_) {
            machine_->close(); // the recorded client did not wait for the end
        } else if (action == wsman::action::delete_) {
            machine_->close();
        }
        collect();
    }

    void collect()
    {
        while (auto o = machine_->poll_request()) {
            o->request.header.message_id = "uuid:1";
            pending_.emplace_back(o->id, read(wsman::write_request(o->request)));
        }
        while (auto e = machine_->poll_event()) take(*e);
    }

    void take(const client_event& e)
    {
        if (const auto* o = std::get_if<command_output>(&e)) (o->stream == "stderr" ? err_ : out_) += o->data;
        if (const auto* s = std::get_if<command_started>(&e)) id_ = s->command_id;
        if (const auto* d = std::get_if<command_done>(&e)) {
            running_ = false;
            ++ended_;
            const auto& expected = expected_of(id_);
            EXPECT_EQ(out_, expected.out);
            EXPECT_EQ(err_, expected.err);
            EXPECT_EQ(d->exit_code, expected.exit_code);
        }
        if (const auto* f = std::get_if<command_failed>(&e)) {
            EXPECT_EQ(f->error.code(), errc::cancelled) << f->error;
        }
        if (const auto* f = std::get_if<shell_failed>(&e)) ADD_FAILURE() << f->error;
    }

    /// By id. The recordings of pywinrm hold one command and name it in two ways.
    const test::expected_command& expected_of(const std::string& id) const
    {
        for (const auto& c : what_.commands) {
            if (c.id == id) return c;
        }
        return what_.commands.at(0);
    }

    void answer(const wsman::incoming_request& recorded, const std::string& text)
    {
        const std::string wanted = meaning(recorded);
        ASSERT_FALSE(wanted.empty());
        const auto same =
            std::find_if(pending_.begin(), pending_.end(), [&](const auto& p) { return meaning(p.second) == wanted; });
        if (same == pending_.end()) {
            ADD_FAILURE() << "not asked:\n"
                          << wanted << "\nbut\n"
                          << (pending_.empty() ? "nothing" : meaning(pending_.front().second));
            return;
        }
        const auto id = same->first;
        pending_.erase(same);
        // One recorder wrote new MessageIDs into the requests: RelatesTo is no matter of this test.
        auto reply = wsman::read_reply(text, base::limits{}, {});
        ASSERT_TRUE(reply) << reply.error();
        machine_->handle_reply(id, *reply);
        collect();
    }

    const recording& what_;
    std::optional<client_shell> machine_;
    command_number command_{};
    std::vector<std::pair<exchange_id, wsman::incoming_request>> pending_;
    std::string id_, out_, err_;
    std::size_t ended_ = 0;
    bool running_ = false;
};

TEST(replay_client, own_conversations)
{
    const auto all = test::own_conversations();
    EXPECT_GE(all.size(), 6U);
    for (const auto& r : all) {
        SCOPED_TRACE(r.name);
        player(r).play();
    }
}

TEST(recorded_client, every_conversation)
{
    const auto all = test::shell_recordings();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    std::size_t played = 0;
    for (const auto& r : all) {
        if (not_ours.count(r.name) != 0) continue;
        SCOPED_TRACE(r.name);
        player(r).play();
        ++played;
    }
    EXPECT_EQ(played + not_ours.size(), all.size());
}

/// A machine whose command waits in its first Receive.
struct waiting_command
{
    waiting_command()
    {
        shell_info kept;
        kept.shell_id = "S";
        machine.attach(kept);
        machine.run({"x", {}, {}, {}, {}});
        const auto asked = machine.poll_request();
        const auto text = wsman::write_reply({"uuid:2", ""}, wsman::action::response_of(wsman::action::command),
                                             [](xml::writer& w) { write_command_reply(w, "C"); });
        machine.handle_reply(asked->id, *wsman::read_reply(text, base::limits{}, {}));
        receive = machine.poll_request()->id;
        while (machine.poll_event()) {}
    }

    client_shell machine{client_options{}};
    exchange_id receive{};
};

TEST(recorded_client, faults_in_place_of_output)
{
    const auto all = test::recorded_messages();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    std::size_t faults = 0;
    for (const auto& m : all) {
        const auto reply = wsman::read_reply(m.body, base::limits{}, {});
        if (!reply || !reply->fault()) {
            EXPECT_FALSE(m.is_fault) << m.name;
            continue;
        }
        SCOPED_TRACE(m.name);
        ++faults;
        waiting_command w;
        w.machine.handle_reply(w.receive, *reply);
        if (reply->is_fault(wsman::fault_code::operation_timed_out)) {
            const auto next = w.machine.poll_request();
            ASSERT_TRUE(next);
            EXPECT_EQ(next->request.header.action, wsman::action::receive) << "silence is asked after again";
            EXPECT_FALSE(w.machine.poll_event());
            continue;
        }
        const auto event = w.machine.poll_event();
        ASSERT_TRUE(event);
        const auto* failed = std::get_if<command_failed>(&*event);
        ASSERT_NE(failed, nullptr);
        ASSERT_NE(failed->error.fault(), nullptr);
        if (m.fault_code == 0) continue;
        EXPECT_EQ(failed->error.fault()->code, m.fault_code);
    }
    EXPECT_GE(faults, 4U);
}

TEST(recorded_client, answers_to_receive)
{
    const auto all = test::recorded_messages();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    std::size_t answers = 0;
    for (const auto& m : all) {
        const auto reply = wsman::read_reply(m.body, base::limits{}, {});
        if (!reply || reply->payload() == nullptr || reply->payload()->local() != "ReceiveResponse") continue;
        SCOPED_TRACE(m.name);
        ++answers;
        waiting_command w;
        w.machine.handle_reply(w.receive, *reply);
        const bool done = m.body.find("CommandState/Done") != std::string::npos;
        bool told = false;
        while (auto e = w.machine.poll_event()) {
            EXPECT_FALSE(std::holds_alternative<command_failed>(*e));
            if (std::holds_alternative<command_done>(*e)) told = true;
        }
        EXPECT_EQ(told, done);
        const auto next = w.machine.poll_request();
        ASSERT_TRUE(next);
        EXPECT_EQ(next->request.header.action, done ? wsman::action::signal : wsman::action::receive);
    }
    EXPECT_GE(answers, 4U);
}

} // namespace
} // namespace winrm::shell
