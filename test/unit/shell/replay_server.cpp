// Recorded clients talk to the service's table, with processes that print what the recorded host printed: each must get
// the answers that it got from Windows, by meaning and with the spelling that some clients insist on.
#include "shell/server_table.h"

#include "unit/shell/recordings.h"

#include <gtest/gtest.h>

#include <map>

namespace winrm::shell {
namespace {

using test::recording;

std::size_t count(const std::string& text, const std::string& part)
{
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

void replace_all(std::string& text, const std::string& from, const std::string& to)
{
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

class player
{
public:
    explicit player(const recording& what) : what_(what) {}

    void play()
    {
        for (const auto& e : what_.exchanges) exchange(e);
        EXPECT_EQ(ended_, what_.commands.size());
        while (table_.poll_order()) {}
        const bool left_open = what_.name == "winrmsharp_ProtocolGetCommandStateBeforeRun";
        EXPECT_EQ(table_.objects(), left_open ? 1U : 0U);
    }

private:
    static table_options options()
    {
        table_options o;
        o.home = "/home/ada";
        o.owner = "ada";
        return o;
    }

    /// The recorded request with our ids in place of the recorded host's, and a directory that exists here.
    std::string patched(std::string text) const
    {
        for (const auto& [recorded, ours] : ids_) replace_all(text, recorded, ours);
        replace_all(text, "C:\\Windows", "/usr");
        return text;
    }

    void exchange(const test::exchange& e)
    {
        const auto text = patched(e.request);
        const auto read = wsman::read_request(text, base::limits{});
        ASSERT_TRUE(std::holds_alternative<wsman::incoming_request>(read));
        const auto& header = std::get<wsman::incoming_request>(read).header();
        const auto theirs = wsman::read_reply(e.answer, base::limits{}, {});
        ASSERT_TRUE(theirs) << theirs.error();
        const request_token token{next_++};
        table_.handle_request(token, text, "192.0.2.1", now_);
        carry_out_orders();
        if (header.action == wsman::action::receive && !theirs->fault()) print(*theirs);
        for (int i = 0; i < 4 && !has_reply(); ++i) {
            ASSERT_NE(table_.deadline(), base::time_point::max()) << "no answer can come";
            now_ = table_.deadline();
            table_.handle_timeout(now_);
        }
        ASSERT_TRUE(has_reply());
        const auto answer = *std::exchange(reply_, {});
        EXPECT_EQ(answer.token, token);
        const auto ours = wsman::read_reply(answer.envelope, base::limits{}, header.message_id);
        ASSERT_TRUE(ours) << ours.error();
        EXPECT_EQ(answer.is_fault, ours->fault().has_value());
        compare(header.action, *ours, *theirs, answer.envelope);
    }

    bool has_reply()
    {
        if (!reply_) reply_ = table_.poll_reply();
        return reply_.has_value();
    }

    void carry_out_orders()
    {
        while (auto o = table_.poll_order()) {
            if (const auto* s = std::get_if<start_process>(&*o)) {
                process_ = s->process;
                out_.clear();
                err_.clear();
                table_.process_started(process_, 4711, now_);
            } else if (std::holds_alternative<write_input>(*o)) {
                table_.process_input_taken(process_, now_);
            } else if (std::holds_alternative<kill_process>(*o)) {
                table_.process_exited(process_, 137, now_);
            }
        }
    }

    /// The process prints what the recorded answer holds, and ends if it did.
    void print(const wsman::incoming_reply& theirs)
    {
        const auto read = read_receive_reply(theirs);
        ASSERT_TRUE(read) << read.error();
        for (const auto& b : read->blocks) table_.process_output(process_, b.stream == "stderr", b.data, now_);
        if (read->state != command_state::done) return;
        table_.process_output_end(process_, 0, now_);
        table_.process_output_end(process_, 1, now_);
        table_.process_exited(process_, static_cast<std::int32_t>(read->exit_code.value_or(0)), now_);
    }

    void compare(const std::string& action, const wsman::incoming_reply& ours, const wsman::incoming_reply& theirs,
                 const std::string& text)
    {
        EXPECT_EQ(ours.action(), theirs.action());
        ASSERT_EQ(ours.fault().has_value(), theirs.fault().has_value()) << text;
        if (ours.fault()) {
            EXPECT_EQ(ours.fault()->code, theirs.fault()->code);
            EXPECT_EQ(ours.fault()->subcode, theirs.fault()->subcode);
            return;
        }
        if (action == wsman::action::create) compare_create(ours, theirs, text);
        if (action == wsman::action::command) compare_command(ours, theirs, text);
        if (action == wsman::action::receive) compare_receive(ours, theirs, text);
        EXPECT_TRUE(action != wsman::action::delete_ || ours.payload() == nullptr);
    }

    void compare_create(const wsman::incoming_reply& ours, const wsman::incoming_reply& theirs, const std::string& text)
    {
        const auto a = read_create_reply(ours), b = read_create_reply(theirs);
        ASSERT_TRUE(a && b);
        ids_[b->shell_id] = a->shell_id;
        if (!b->resource_uri.empty()) { // the oldest host sent no rsp:Shell
            EXPECT_EQ(a->input_streams, b->input_streams);
            EXPECT_EQ(a->output_streams, b->output_streams);
            EXPECT_EQ(a->resource_uri, b->resource_uri);
        }
        EXPECT_EQ(a->state, "Connected");
        // Go and older clients look for these very prefixes and this attribute.
        EXPECT_EQ(count(text, "<w:Selector Name=\"ShellId\">" + a->shell_id + "</w:Selector>"), 1U);
        EXPECT_EQ(count(text, "<rsp:ShellId>" + a->shell_id + "</rsp:ShellId>"), 1U);
    }

    void compare_command(const wsman::incoming_reply& ours, const wsman::incoming_reply& theirs,
                         const std::string& text)
    {
        const auto a = read_command_reply(ours), b = read_command_reply(theirs);
        ASSERT_TRUE(a && b);
        ids_[*b] = *a;
        recorded_id_ = *b;
        our_id_ = *a;
        EXPECT_EQ(count(text, "<rsp:CommandId>"), 1U) << "exactly one";
    }

    void compare_receive(const wsman::incoming_reply& ours, const wsman::incoming_reply& theirs,
                         const std::string& text)
    {
        const auto read = read_receive_reply(ours), recorded = read_receive_reply(theirs);
        ASSERT_TRUE(read && recorded);
        for (const auto& b : read->blocks) {
            EXPECT_EQ(b.command_id, our_id_);
            (b.stream == "stderr" ? err_ : out_) += b.data;
        }
        ASSERT_EQ(read->state, recorded->state);
        if (read->state != command_state::done) return;
        ++ended_;
        const auto& expected = expected_of(recorded_id_);
        EXPECT_EQ(out_, expected.out);
        EXPECT_EQ(err_, expected.err);
        EXPECT_EQ(read->exit_code, expected.exit_code);
        EXPECT_EQ(count(text, "CommandState/Done\""), 1U);
        EXPECT_EQ(count(text, "<rsp:ExitCode>"), 1U);
        EXPECT_EQ(count(text, "End=\"true\""), 2U) << "both streams end in the answer with Done";
        EXPECT_GE(count(text, "<rsp:Stream Name=\"stdout\" CommandId=\"" + our_id_ + "\""), 1U);
    }

    const test::expected_command& expected_of(const std::string& id) const
    {
        for (const auto& c : what_.commands) {
            if (c.id == id) return c;
        }
        return what_.commands.at(0); // pywinrm's recordings name their one command in two ways
    }

    const recording& what_;
    base::null_log log_;
    base::time_point now_{};
    server_table table_{options(), base::system_random(), log_, now_};
    std::map<std::string, std::string> ids_; ///< recorded id -> ours
    std::string recorded_id_, our_id_, out_, err_;
    process_ref process_{};
    std::optional<outgoing_reply> reply_;
    std::uint64_t next_ = 1;
    std::size_t ended_ = 0;
};

TEST(replay_server, own_conversations)
{
    const auto all = test::own_conversations();
    EXPECT_GE(all.size(), 6U);
    for (const auto& r : all) {
        SCOPED_TRACE(r.name);
        player(r).play();
    }
}

TEST(recorded_server, every_conversation)
{
    const auto all = test::shell_recordings();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    for (const auto& r : all) {
        SCOPED_TRACE(r.name);
        player(r).play();
    }
}

} // namespace
} // namespace winrm::shell
